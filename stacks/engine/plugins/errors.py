"""What every servicer has in common: its methods, and how a provider's failure is raised."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, Protocol

import grpc
from pulumi.runtime.proto import errors_pb2, provider_pb2, status_pb2

METHODS = frozenset(
    method.name
    for method in provider_pb2.DESCRIPTOR.services_by_name["ResourceProvider"].methods
    if not method.server_streaming
)
"""names of the service's methods that answer once"""
_WRAPPED = re.compile(r"Unexpected <class '([\w.]+)'>: (.*)", re.DOTALL)
_TRACEBACK = re.compile(r':\n  File ".*', re.DOTALL)
_DETAILS = "grpc-status-details-bin"


class Servicer(Protocol):
    """The methods of Pulumi's ResourceProvider service: `await servicer.Create(request)` gives the reply.

    Raises NotImplementedError where the provider does not have the method, ProviderError where it answers with an
    error, Refused where there is no provider to answer (it could not be started, or ended in the middle).
    """

    def __getattr__(self, method: str) -> Any: ...

    async def ready(self) -> provider_pb2.ProviderHandshakeResponse | None:
        """Start it where that is needed; what it said at the handshake, None where it has none."""
        ...

    async def close(self) -> None: ...


class ProviderError(Exception):
    """A provider's own word that something failed.

    `init_failed`: the resource is there but not ready (partial failure), with its id, properties and reasons.
    `invalid`: which input properties are wrong, and why. `from` what the provider raised, where that is known.
    """

    def __init__(
        self,
        code: grpc.StatusCode,
        message: str,
        init_failed: provider_pb2.ErrorResourceInitFailed | None = None,
        invalid: errors_pb2.InputPropertiesError | None = None,
    ) -> None:
        super().__init__(message)
        self.code, self.message = code, message
        self.init_failed, self.invalid = init_failed, invalid


def failure(
    code: grpc.StatusCode, details: str, metadata: Iterable[tuple[str, str | bytes]]
) -> ProviderError | NotImplementedError:
    """A gRPC status as an exception, not raised yet."""
    kind, text = "", details
    if wrapped := _WRAPPED.fullmatch(details):
        kind, text = wrapped.groups()
    text = _TRACEBACK.sub("", text)  # the SDK's servicer appends where in the provider it happened
    if code is grpc.StatusCode.UNIMPLEMENTED or kind == "NotImplementedError":
        return NotImplementedError(text)
    init_failed = invalid = None
    for key, value in metadata:
        if key != _DETAILS or not isinstance(value, bytes):
            continue
        status = status_pb2.Status.FromString(value)
        text = status.message or text
        for detail in status.details:
            failed, wrong = provider_pb2.ErrorResourceInitFailed(), errors_pb2.InputPropertiesError()
            if detail.Unpack(failed):
                init_failed = failed
            elif detail.Unpack(wrong):
                invalid = wrong
    return ProviderError(code, text or code.name, init_failed, invalid)
