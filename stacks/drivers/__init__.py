"""Drivers by name. Imported on use: a driver's own dependencies load only where it is asked for."""

from __future__ import annotations

DRIVERS = {
    "simulator": "stacks.drivers.simulator:Simulator",
    "lab": "stacks.drivers.lab:Lab",
    "ec2": "stacks.drivers.ec2:Ec2",
    "kubernetes": "stacks.drivers.cluster:Cluster",
}
"""name → "module:class"; each class is made with (environment: Environment, folder: Path) and has
`needs(environment | None) -> list[Need]` (static): what is lacking for it"""
