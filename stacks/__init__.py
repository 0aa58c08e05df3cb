"""How the city is built.

Edited by cloud operations: `__main__.py` (the Pulumi program) and one component family a file. Machinery:
`provider/` (the native Pulumi provider `gov`), `engine/` (the embedded engine), `console/` (its verbs as typed),
`drivers/`. In: the city and the
addresses. Out: the estate, planned or real. Imports inventory only.
"""
