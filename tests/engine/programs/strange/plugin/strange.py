"""A provider that behaves as its things' property `do` says; NOTES is a folder where it leaves what tests look for.

exit, kill: it ends in the middle of a creation. partial: the thing is there but not ready. invalid: an input is wrong.
fail: it raises. spawn: it starts a process that leaves its group. sleep: it takes a minute, unless it is cancelled. say: it writes and logs.
"""

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path

import grpc
from pulumi.provider.experimental import provider as p
from pulumi.provider.experimental import server
from pulumi.provider.experimental.property_value import PropertyValue
from pulumi.runtime.proto import engine_pb2, engine_pb2_grpc, errors_pb2, provider_pb2, status_pb2

NOTES = Path(os.environ["NOTES"])


class Strange(p.Provider):
    async def check_config(self, r):
        return p.CheckResponse(inputs=r.new_inputs)

    async def diff_config(self, r):
        return p.DiffResponse(changes=False)

    async def configure(self, r):
        return p.ConfigureResponse(
            accept_secrets=True, supports_preview=True, accept_resources=False, accept_outputs=False
        )

    async def check(self, r):
        return p.CheckResponse(inputs={k: v for k, v in r.new_inputs.items() if k != "made"})

    async def diff(self, r):
        return p.DiffResponse(changes=False)

    async def create(self, r):
        if r.preview:
            return p.CreateResponse("", dict(r.properties))
        do = r.properties["do"].value if "do" in r.properties else ""
        await getattr(self, f"do_{do or 'nothing'}")(r)
        return p.CreateResponse("strange-id", {**r.properties, "made": PropertyValue(f"by {os.getpid()}")})

    async def delete(self, r):
        pass

    async def read(self, r):
        return p.ReadResponse(r.resource_id, r.properties, r.inputs)

    async def cancel(self):
        (NOTES / "cancelled").touch()

    async def invoke(self, r):
        return p.InvokeResponse({**r.args, "token": PropertyValue(r.tok)})

    async def do_nothing(self, r):
        pass

    async def do_exit(self, r):
        print("something went wrong", file=sys.stderr, flush=True)
        os._exit(3)

    async def do_kill(self, r):
        os.kill(os.getpid(), signal.SIGKILL)

    async def do_fail(self, r):
        raise ValueError("the thing cannot be made")

    async def do_sleep(self, r):
        (NOTES / "asleep").touch()
        for _ in range(600):
            if (NOTES / "cancelled").exists():
                return
            await asyncio.sleep(0.1)

    async def do_spawn(self, r):
        child = subprocess.Popen(["sleep", "600"], start_new_session=True)
        (NOTES / "spawned").write_text(f"{os.getpid()} {child.pid}")

    async def do_say(self, r):
        print(f"on stdout: {r.properties['word'].value}", flush=True)
        print("on stderr", file=sys.stderr, flush=True)
        async with grpc.aio.insecure_channel(ENGINE) as channel:
            engine = engine_pb2_grpc.EngineStub(channel)
            await engine.Log(engine_pb2.LogRequest(severity=engine_pb2.WARNING, message="through the engine"))
            await engine.Log(engine_pb2.LogRequest(severity=engine_pb2.DEBUG, message="for nobody"))


class Servicer(server.ProviderServicer):
    """The SDK has no words of its own for a partial failure: it is told as the protocol has it."""

    async def Create(self, request, context):
        fields = request.properties.fields
        do = fields["do"].string_value if "do" in fields else ""
        if do == "partial" and not request.preview:
            failed = provider_pb2.ErrorResourceInitFailed(id="half", reasons=["not ready yet"])
            failed.properties.update({"do": do, "made": "half"})
            await refuse(context, grpc.StatusCode.UNKNOWN, "it did not start", failed)
        if do == "invalid":
            wrong = errors_pb2.InputPropertiesError()
            wrong.errors.add(property_path="do", reason="not like this")
            await refuse(context, grpc.StatusCode.INVALID_ARGUMENT, "wrong inputs", wrong)
        return await super().Create(request, context)


async def refuse(context, code, message, detail):
    wire = status_pb2.Status(code=code.value[0], message=message)
    wire.details.add().Pack(detail)
    status = grpc.Status()
    status.code, status.details = code, message
    status.trailing_metadata = (("grpc-status-details-bin", wire.SerializeToString()),)
    await context.abort_with_status(status)


server.ProviderServicer = Servicer
ENGINE = sys.argv[-1]
if __name__ == "__main__":
    server.main(sys.argv[1:], "1.0.0", Strange())
