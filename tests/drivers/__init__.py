"""Every driver, one suite."""
