"""The lab: real hosts on this machine, behind real routers.

A router is a network namespace, a line between sites two devices that hold packets for the declared delay, a host a
systemd-nspawn machine on an overlay of one image, with one routed address: every packet crosses its site's router.
`docs/lab.md` has the picture.

In: wanted things (`stacks.drivers.base`). Out: hosts that answer on SSH. Start reading at `lab.py`; `network.py`,
`lines.py` and `machine.py` do the work, `ending.py` undoes it; `partition.py` breaks the network and repairs it.
"""

from stacks.drivers.lab.ending import left, sweep, teardown
from stacks.drivers.lab.lab import MADE, Lab

__all__ = ["MADE", "Lab", "left", "sweep", "teardown"]
