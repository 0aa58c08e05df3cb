"""Reachability: the algebra, the reader, and the engine against a brute-force walker, the kernel and mutations."""
