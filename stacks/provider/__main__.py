"""Entry of the plugin. In: the engine's address as the last argument. Out: a port on stdout, then gRPC until killed."""

import ctypes
import signal
import sys

from pulumi.provider.experimental import server

from stacks.provider.gov import VERSION, Gov

if __name__ == "__main__":
    if sys.platform == "linux" and len(sys.argv) > 1:
        # a plugin outlives an engine that is killed: let the kernel end it with its parent (PR_SET_PDEATHSIG)
        ctypes.CDLL(None).prctl(1, signal.SIGTERM)
    server.main(sys.argv[1:], VERSION, Gov())
