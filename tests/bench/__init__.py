"""Measurements, run by a command and recorded with every run in docs/benchmarks.md; never timed tests."""
