"""A line between two routers as a program: two TAP devices, and every frame held for half the round trip on its way.

In: `python -I -S delayline.py NETNS DEVICE NETNS DEVICE RTT_MS MBPS` (paths of network namespaces). Out: the devices,
which live and die with the process; `lines` starts it where the kernel has no netem. One of these runs for every line,
so it imports nothing but the standard library.
"""

from __future__ import annotations

import ctypes
import fcntl
import os
import select
import struct
import sys
import time
from collections import deque
from collections.abc import Iterator
from contextlib import suppress

QUEUE_SECONDS = 0.05
"""what waits longer for its turn on a full line is dropped, as by a router with a short queue"""
QUEUE_BYTES = 16 << 20
"""of frames on their way in one direction"""
_TUNSETIFF, _TAP_WITHOUT_HEADER = 0x400454CA, 0x1002
_CLONE_NEWNET = 0x40000000
_FRAME, _BATCH = 65536, 64


class Lane:
    """One direction. Frames leave in the order in which they came, `seconds` after their last bit went in."""

    def __init__(self, seconds: float, bits_per_second: float) -> None:
        self._seconds = seconds
        self._rate = bits_per_second
        self._free = 0.0
        self._bytes = 0
        self._frames: deque[tuple[float, bytes]] = deque()

    def take(self, frame: bytes, now: float) -> bool:
        """A frame goes in; False where it is dropped because the line is full."""
        start = max(self._free, now)
        if start - now > QUEUE_SECONDS or self._bytes + len(frame) > QUEUE_BYTES:
            return False
        self._free = start + len(frame) * 8 / self._rate
        self._bytes += len(frame)
        self._frames.append((self._free + self._seconds, frame))
        return True

    def due(self, now: float) -> Iterator[bytes]:
        """Frames that have arrived by now; each is handed over once."""
        while self._frames and self._frames[0][0] <= now:
            frame = self._frames.popleft()[1]
            self._bytes -= len(frame)
            yield frame

    def next(self) -> float | None:
        """When the next frame arrives; None where there is none."""
        return self._frames[0][0] if self._frames else None


def tap(namespace: str, device: str) -> int:
    """A handle of a new TAP device in a network namespace; the device goes when the handle is closed. OSError."""
    libc = ctypes.CDLL(None, use_errno=True)
    home, there = os.open("/proc/self/ns/net", os.O_RDONLY), os.open(namespace, os.O_RDONLY)
    try:
        _join(libc, there)
        handle = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
        fcntl.ioctl(handle, _TUNSETIFF, struct.pack("16sH", device.encode(), _TAP_WITHOUT_HEADER))
        _join(libc, home)
    finally:
        os.close(home)
        os.close(there)
    return handle


def carry(ends: tuple[int, int], lanes: tuple[Lane, Lane]) -> None:
    """Carry frames both ways, for ever. OSError when a device was deleted."""
    ways = ((ends[0], ends[1], lanes[0]), (ends[1], ends[0], lanes[1]))
    while True:
        times = [at for lane in lanes if (at := lane.next()) is not None]
        # select and not poll: its grain is a microsecond, theirs a millisecond
        ready, _, _ = select.select(ends, (), (), max(0.0, min(times) - time.monotonic()) if times else None)
        for source, target, lane in ways:
            if source in ready:
                with suppress(BlockingIOError):
                    for _ in range(_BATCH):
                        lane.take(os.read(source, _FRAME), time.monotonic())
            for frame in lane.due(time.monotonic()):
                with suppress(OSError):  # the far end is down: what arrives there is lost
                    os.write(target, frame)


def _join(libc: ctypes.CDLL, namespace: int) -> None:
    if libc.setns(namespace, _CLONE_NEWNET):
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


def main(arguments: list[str]) -> None:
    """Until it is killed, or one of its devices is deleted."""
    here, mine, there, theirs, rtt_ms, mbps = arguments
    with suppress(OSError):
        os.nice(-10)  # a busy machine should not lengthen the line
    seconds, rate = float(rtt_ms) / 2000, float(mbps) * 1e6
    carry((tap(here, mine), tap(there, theirs)), (Lane(seconds, rate), Lane(seconds, rate)))


if __name__ == "__main__":
    main(sys.argv[1:])
