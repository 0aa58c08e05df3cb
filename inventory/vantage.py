"""From where an estate is reached: a network namespace of this machine, or the machine itself.

A network namespace belongs to a thread, so a function is run in a thread that has joined it; whatever that thread
starts (SSH, Ansible, a socket) is there too, and the rest of the process stays where it was.
"""

from __future__ import annotations

import ctypes
import os
import threading
from collections.abc import Callable
from typing import Any, TypeVar

from inventory.problems import refuse

T = TypeVar("T")
_CLONE_NEWNET = 0x40000000


def inside(netns: str, work: Callable[[], T]) -> T:
    """Run `work` with the network of `netns` (a path; "" is this machine's own). Needs CAP_SYS_ADMIN for a path.

    Raises what `work` raises; Refused where the namespace is gone."""
    if not netns:
        return work()
    result: dict[str, Any] = {}

    def join() -> None:
        try:
            try:
                handle = os.open(netns, os.O_RDONLY)
            except FileNotFoundError:
                raise refuse(
                    "vantage.gone",
                    f"管理入口的网络命名空间 {netns} 已不存在:重新运行 ./lz up",
                    f"the network namespace {netns} of the bastion is gone: run ./lz up again",
                ) from None
            try:
                if ctypes.CDLL(None, use_errno=True).setns(handle, _CLONE_NEWNET):
                    raise OSError(ctypes.get_errno(), f"setns {netns}")
            finally:
                os.close(handle)
            result["value"] = work()
        except BaseException as error:
            result["error"] = error

    thread = threading.Thread(target=join, name=f"inside {os.path.basename(netns)}", daemon=True)
    thread.start()
    while thread.is_alive():
        thread.join(0.2)  # in slices, so that Ctrl-C reaches the main thread
    if "error" in result:
        raise result["error"]
    return result["value"]
