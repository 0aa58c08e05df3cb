"""The parts of the report, each a pure function of the estate (and of what a step returned) to plain data."""
