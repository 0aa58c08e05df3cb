"""The cloud of the differential programs, as a provider plugin that both engines start.

Folder CLOUD has `cloud.json` (what exists), `calls.jsonl` (every call, as it came over the wire) and `faults.json` (what
fails: {"create a": "denied"}; `done: …` fails after it was done, `partial: …` is a partial failure). It speaks the
protocol itself, as the SDK's `Provider` sees neither old inputs nor marks on values, and cannot report a partial failure.

Inputs: `place` replaces, `exclusive` lets a replacement be deleted first, `invalid` is refused, anything else updates.
Outputs: `address`; `writes`, which every update changes. Types: Thing; Named fills `label` in; Detailed explains its
diffs; Silent cannot tell whether anything differs; Vault has a secret output, `token`; Watched is to be read before every
update.
Configuration: `region` replaces; `secrets` and `preview` of "no" switch these abilities off.
"""

import asyncio
import fcntl
import hashlib
import json
import os
import sys
from contextlib import contextmanager
from pathlib import Path

import grpc
from google.protobuf import any_pb2, json_format, struct_pb2
from pulumi.provider.experimental import server
from pulumi.provider.experimental.provider import Provider
from pulumi.runtime.proto import provider_pb2 as wire
from pulumi.runtime.proto import status_pb2

SIGNATURE, SECRET = "4dabf18193072939515e22adb298388d", "1b47061264138c4ac30d75fd1eb44270"
UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
ASSET, ARCHIVE = "c44067f5952c0a294b673a41bacd8c17", "0def7320c3a5731c473e5ecbe6d01bc7"
COMPUTED = ("address", "writes", "token")
LOGGED = (
    *("CheckConfig", "DiffConfig", "Configure", "Check", "Diff"),
    *("Create", "Update", "Delete", "Read", "Invoke"),
)


def log(**entry):
    line = json.dumps(entry, ensure_ascii=False, separators=(",", ":")) + "\n"
    handle = os.open(Path(os.environ["CLOUD"]) / "calls.jsonl", os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.write(handle, line.encode())
    os.close(handle)


@contextmanager
def cloud():
    """What exists, to read and to change: {"counts": {name: creations}, "things": {id: {name, type, props, writes}}}."""
    folder = Path(os.environ["CLOUD"])
    with open(folder / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        path = folder / "cloud.json"
        state = json.loads(path.read_text())
        before = json.dumps(state)
        yield state
        if json.dumps(state) != before:
            path.with_suffix(".new").write_text(json.dumps(state, indent=1))
            path.with_suffix(".new").rename(path)


def values(struct):
    return json_format.MessageToDict(struct)


def clear(value):
    """Secrets in clear; of assets only the hash, which is what makes them differ."""
    if isinstance(value, dict):
        kind = value.get(SIGNATURE)
        if kind == SECRET:
            return clear(value["value"])
        if kind in (ASSET, ARCHIVE):
            return f"hash {value.get('hash')}"
        return {key: clear(item) for key, item in value.items()}
    return [clear(item) for item in value] if isinstance(value, list) else value


def secret(value):
    return {SIGNATURE: SECRET, "value": value}


def inputs_of(struct):
    return {key: value for key, value in clear(values(struct)).items() if key not in COMPUTED}


def struct(data):
    return json_format.ParseDict(data, struct_pb2.Struct())


def differing(old, new, path=""):
    """Paths at which two values differ, and how: ADD, DELETE or UPDATE."""
    if isinstance(old, dict) and isinstance(new, dict):
        for key in sorted(old.keys() | new.keys()):
            below = f"{path}.{key}" if path else key
            if key not in old or key not in new:
                yield below, "ADD" if key not in old else "DELETE"
            else:
                yield from differing(old[key], new[key], below)
    elif isinstance(old, list) and isinstance(new, list):
        for index in range(max(len(old), len(new))):
            below = f"{path}[{index}]"
            if index >= len(old) or index >= len(new):
                yield below, "ADD" if index >= len(old) else "DELETE"
            else:
                yield from differing(old[index], new[index], below)
    elif old != new:
        yield path, "UPDATE"


async def failing(context, op, name, work, partial):
    """Do the work, unless or except that a fault wants it to fail. `partial`: (id, outputs, inputs) → status details."""
    path = Path(os.environ["CLOUD"]) / "faults.json"
    fault = json.loads(path.read_text()).get(f"{op} {name}", "") if path.exists() else ""
    if fault and not fault.startswith(("done:", "partial:")):
        await context.abort(grpc.StatusCode.UNKNOWN, fault)
    result = work()
    if fault.startswith("done:"):
        await context.abort(grpc.StatusCode.UNKNOWN, fault)
    if fault.startswith("partial:"):
        detail = any_pb2.Any()
        detail.Pack(partial(result, fault))
        text = "resource partially " + op + "d"
        packed = status_pb2.Status(code=grpc.StatusCode.UNKNOWN.value[0], message=text, details=[detail])
        status = grpc.Status()
        status.code, status.details = grpc.StatusCode.UNKNOWN, text
        status.trailing_metadata = (("grpc-status-details-bin", packed.SerializeToString()),)
        await context.abort_with_status(status)
    return result


class Cloud(server.ProviderServicer):
    """One configured provider."""

    by = ""
    """URN of the provider resource that this one is configured for"""

    def __init__(self, *args, **words):
        super().__init__(*args, **words)
        self.config = {}

    async def CheckConfig(self, request, context):
        if clear(values(request.news)).get("invalid"):
            return wire.CheckResponse(failures=[wire.CheckFailure(property="invalid", reason="must not be set")])
        return wire.CheckResponse(inputs=request.news)

    async def DiffConfig(self, request, context):
        moved = clear(values(request.old_inputs)).get("region") != clear(values(request.news)).get("region")
        return wire.DiffResponse(replaces=["region"] if moved else [])

    async def Configure(self, request, context):
        self.config = clear(values(request.args))
        takes = self.config.get("secrets") != "no"
        previews = self.config.get("preview") != "no"
        return wire.ConfigureResponse(acceptSecrets=takes, supportsPreview=previews, acceptResources=takes)

    async def Check(self, request, context):
        await failing(context, "check", request.name, lambda: None, None)
        news, olds = values(request.news), values(request.olds)
        if news.get("invalid"):
            return wire.CheckResponse(failures=[wire.CheckFailure(property="invalid", reason="must not be set")])
        if request.type.endswith(":Named") and "label" not in news:
            news["label"] = olds.get("label", f"{request.name}-label")
        return wire.CheckResponse(inputs=struct(news))

    async def Diff(self, request, context):
        await failing(context, "diff", request.name, lambda: None, None)
        if request.type.endswith(":Silent"):
            return wire.DiffResponse(changes=wire.DiffResponse.DIFF_UNKNOWN)
        found = list(differing(inputs_of(request.old_inputs), inputs_of(request.news)))
        reply = wire.DiffResponse(
            changes=wire.DiffResponse.DIFF_SOME if found else wire.DiffResponse.DIFF_NONE,
            deleteBeforeReplace=bool(clear(values(request.news)).get("exclusive")),
            diffs=sorted({path.split(".")[0].split("[")[0] for path, _ in found}),
        )
        reply.replaces.extend(key for key in reply.diffs if key == "place")
        if request.type.endswith(":Detailed"):
            reply.hasDetailedDiff = True
            for path, kind in found:
                name = f"{kind}_REPLACE" if path.startswith("place") else kind
                reply.detailedDiff[path].kind = wire.PropertyDiff.Kind.Value(name)
                reply.detailedDiff[path].inputDiff = True
        return reply

    async def Create(self, request, context):
        if request.preview:
            return wire.CreateResponse(properties=self.made(request, {"address": UNKNOWN, "writes": UNKNOWN}))

        def create():
            with cloud() as state:
                number = state["counts"][request.name] = state["counts"].get(request.name, 0) + 1
                id = f"{request.name}-{number}"
                state["things"][id] = {"props": inputs_of(request.properties), "writes": 1, "type": request.type}
            return id, self.made(request, self.outputs(id, 1))

        id, outputs = await failing(context, "create", request.name, create, lambda result, text: failed(*result, text))
        return wire.CreateResponse(id=id, properties=outputs, refresh_before_update=eager(request))

    async def Update(self, request, context):
        if request.preview:
            kept = {key: value for key, value in values(request.olds).items() if key in COMPUTED}
            return wire.UpdateResponse(properties=self.made(request, {**kept, "writes": UNKNOWN}))

        def update():
            with cloud() as state:
                there = state["things"][request.id]
                there["props"], there["writes"] = inputs_of(request.news), there["writes"] + 1
            return self.made(request, self.outputs(request.id, there["writes"]))

        outputs = await failing(
            context, "update", request.name, update, lambda result, text: failed(request.id, result, text, request.news)
        )
        return wire.UpdateResponse(properties=outputs, refresh_before_update=eager(request))

    async def Delete(self, request, context):
        def delete():
            with cloud() as state:
                state["things"].pop(request.id, None)

        await failing(context, "delete", request.name, delete, None)
        return server.empty_pb2.Empty()

    async def Read(self, request, context):
        def read():
            with cloud() as state:
                return state["things"].get(request.id)

        def partial(there, text):
            inputs, outputs = self.there(request, there)
            return failed(request.id, outputs, text, inputs)

        there = await failing(context, "read", request.name, read, partial)
        if there is None:
            return wire.ReadResponse()
        inputs, outputs = self.there(request, there)
        return wire.ReadResponse(id=request.id, inputs=inputs, properties=outputs, refresh_before_update=eager(request))

    async def Invoke(self, request, context):
        args, function = clear(values(request.args)), request.tok.rpartition(":")[2]
        if function == "twice":
            answer = {"result": args["number"] * 2}
        elif function == "whisper":
            answer = {"result": secret(f"hush {args.get('word')}"), "plain": "aloud"}
        elif function == "count":
            with cloud() as state:
                answer = {"result": len(state["things"])}
        elif function == "refuse":
            return wire.InvokeResponse(failures=[wire.CheckFailure(property="word", reason="not this one")])
        else:
            await context.abort(grpc.StatusCode.UNKNOWN, f"no function {function}")
        return wire.InvokeResponse(**{"return": struct(answer)})

    # what the answers are made of

    def outputs(self, id, writes):
        return {"address": f"{self.config.get('region', 'here')}/{id}", "writes": writes}

    def made(self, request, outputs):
        news = values(request.news if isinstance(request, wire.UpdateRequest) else request.properties)
        if request.type.endswith(":Vault"):
            outputs = {**outputs, "token": secret("token of " + request.name)}
        return struct({**news, **outputs})

    def there(self, request, there):
        """(inputs, outputs) of what exists; what is as it was keeps its marks."""
        olds = values(request.inputs)
        inputs = {k: olds[k] if clear(olds.get(k)) == v else v for k, v in there["props"].items()}
        outputs = {**inputs, **self.outputs(request.id, there["writes"])}
        if request.type.endswith(":Vault"):
            outputs["token"] = secret("token of " + request.name)
        return struct(inputs), struct(outputs)


def eager(request):
    return request.type.endswith(":Watched")


def failed(id, outputs, text, inputs=None):
    detail = wire.ErrorResourceInitFailed(id=id, properties=outputs, reasons=[text])
    if inputs is not None:
        detail.inputs.CopyFrom(inputs)
    return detail


def watched(method):
    """The method, with its beginning and its end in the log."""
    work = getattr(Cloud, method)

    async def call(self, request, context):
        content = json_format.MessageToDict(request, preserving_proto_field_name=True)
        if method == "Configure":
            self.by = request.urn
        number = hashlib.sha256(os.urandom(16)).hexdigest()[:12]
        log(begin=number, method=method, by=self.by, request=content)
        failed = True
        try:
            reply = await work(self, request, context)
            failed = bool(getattr(reply, "failures", None))
            return reply
        finally:
            await asyncio.sleep(0)
            log(end=number, failed=failed)

    return call


for method in LOGGED:
    setattr(Cloud, method, watched(method))

if __name__ == "__main__":
    server.ProviderServicer = Cloud
    server.main(sys.argv[1:], "1.0.0", Provider())
