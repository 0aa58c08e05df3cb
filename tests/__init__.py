"""Tests mirror the rooms. `cases/` are files that need no Python; `city/` runs the whole flow; `bench/` measures.

What the machine cannot do is skipped with the reason in the summary, never silently.
"""
