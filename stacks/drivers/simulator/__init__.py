"""A cloud that exists only in a file: as fast as SQLite, as strict as a real one, durable, and breakable on purpose.

`cloud` is the driver, `behaviour` what each kind adds, needs and refuses (pure), `store` the file, `mischief` how
tests and drills break things. Several worker processes share one file. What it stands in for, it does not prove: it
says nothing of a real network or a real machine, and its hosts have no host key.
"""

from stacks.drivers.simulator.cloud import Simulator
from stacks.drivers.simulator.mischief import drift, fail, lose, slow

__all__ = ["Simulator", "drift", "fail", "lose", "slow"]
