"""How the city is built.

Edited by cloud operations: `__main__.py` (the Pulumi program) and one component family a file. A builder is pure: it
drafts (`parts`), `registering` hands a draft to Pulumi, `drafting` makes an estate of drafts without it. Machinery:
`provider/` (the native Pulumi provider `gov`), `engine/` (the embedded engine), `console/` (its verbs as typed),
`drivers/`. In: the city and the addresses. Out: the estate, planned or real. Imports inventory only.
"""
