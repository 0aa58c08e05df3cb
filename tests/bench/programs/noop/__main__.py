"""A provider that does nothing: it takes what it is given and answers at once.

Where BENCH_CALLS names a file, every creation and update adds a line `<seconds since the epoch> <op> <name>` to it.
"""

import os
import sys
import time

from pulumi.provider.experimental import provider as p
from pulumi.provider.experimental import server
from pulumi.provider.experimental.property_value import PropertyValue
from pulumi.provider.experimental.provider import Provider

CALLS = os.environ.get("BENCH_CALLS")


def told(op, urn):
    if CALLS:
        with open(CALLS, "a", encoding="utf-8") as calls:
            calls.write(f"{time.time()} {op} {urn.rpartition('::')[2]}\n")


class Noop(Provider):
    """`cidr` replaces, anything else updates."""

    async def get_schema(self, request):
        return p.GetSchemaResponse('{"name":"noop","version":"0.1.0"}')

    async def check_config(self, request):
        return p.CheckResponse(inputs=request.new_inputs)

    async def diff_config(self, request):
        return p.DiffResponse(changes=False, replaces=[])

    async def configure(self, request):
        return p.ConfigureResponse(
            accept_secrets=True, supports_preview=True, accept_resources=True, accept_outputs=False
        )

    async def check(self, request):
        return p.CheckResponse(inputs=request.new_inputs)

    async def diff(self, request):
        changed = [key for key, value in request.new_inputs.items() if request.old_state.get(key) != value]
        return p.DiffResponse(changes=bool(changed), replaces=[key for key in changed if key == "cidr"], diffs=changed)

    async def create(self, request):
        name = request.urn.rpartition("::")[2]
        if request.preview:
            return p.CreateResponse("", dict(request.properties))
        told("create", request.urn)
        return p.CreateResponse(f"id-{name}", {**request.properties, "seen": PropertyValue(f"seen-{name}")})

    async def update(self, request):
        told("update", request.urn)
        name = request.urn.rpartition("::")[2]
        return p.UpdateResponse({**request.news, "seen": PropertyValue(f"seen-{name}")})

    async def delete(self, request):
        told("delete", request.urn)

    async def read(self, request):
        return p.ReadResponse(request.resource_id, request.properties, request.inputs)


if __name__ == "__main__":
    server.main(sys.argv[1:], "0.1.0", Noop())
