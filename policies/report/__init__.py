"""The report: one page that a mayor's office can read and an auditor can check, and the same as JSON.

Edited by the security centre. In: what the steps of a run returned, each of which may be missing. Out: plain data
(`build`) and files (`write`): report.json and one self-contained HTML page a language. `parts/` decides what is said,
`drawings` (the city) and `charts` (the address plan and the zones) draw it, `page/` sets it. Imports inventory, and
nothing of the other rooms: what they return is read by the names of its fields.
"""

from policies.report.build import build
from policies.report.write import write

__all__ = ["build", "write"]
