"""Functions of the program that the engine calls back: transforms and hooks.

The SDK serves them by gRPC at an address of its own, one token a function; the engine calls them there, so that the
program runs unchanged.
"""

from __future__ import annotations

from typing import Any

import grpc
from grpc import aio
from pulumi.runtime.proto import callback_pb2, callback_pb2_grpc

from inventory.problems import refuse

_UNBOUNDED = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)]


class Callbacks:
    """Connections to the callback servers of one run. Use it on one loop only."""

    def __init__(self) -> None:
        self._channels: dict[str, aio.Channel] = {}

    async def call(self, callback: callback_pb2.Callback, request: Any, reply: type[Any], where: str) -> Any:
        """The reply of a function of the program. Refused with what it raised."""
        if callback.target not in self._channels:
            self._channels[callback.target] = aio.insecure_channel(callback.target, options=_UNBOUNDED)
        stub = callback_pb2_grpc.CallbacksStub(self._channels[callback.target])
        message = callback_pb2.CallbackInvokeRequest(token=callback.token, request=request.SerializeToString())
        try:
            answer = await stub.Invoke(message)
        except grpc.RpcError as error:
            details = error.details() if isinstance(error, grpc.Call) else str(error)
            raise refuse(
                "program.callback",
                f"程序的回调函数(transform 或 hook)出错:{details}",
                f"a callback of the program (transform or hook) failed: {details}",
                where=where,
            ) from error
        return reply.FromString(answer.response)

    async def close(self) -> None:
        for channel in self._channels.values():
            await channel.close()
        self._channels.clear()
