"""A real control plane for the tests of `stacks/drivers/cluster`: how its binaries come to be (`build.py`)."""
