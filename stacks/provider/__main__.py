"""Entry of the plugin. In: the engine's address as the last argument. Out: a port on stdout, then gRPC until killed."""

import ctypes
import signal
import sys
from pathlib import Path

from pulumi.provider.experimental import server

from stacks.provider.gov import VERSION, Gov

if __name__ == "__main__":
    if sys.platform == "linux" and Path(sys.argv[0]).resolve() in (
        Path(__file__).resolve(),
        Path(__file__).resolve().parent,
    ):
        # a process of its own: it would outlive an engine that is killed, so the kernel ends it (PR_SET_PDEATHSIG)
        ctypes.CDLL(None).prctl(1, signal.SIGTERM)
    server.main(sys.argv[1:], VERSION, Gov())
