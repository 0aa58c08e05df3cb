"""The same programs on two engines: `cases` reads what to do, `stock` and `ours` do it in a `place`, `normal` makes what
they did comparable, `compare` says where they differ, `recording` keeps what the stock engine did.
"""
