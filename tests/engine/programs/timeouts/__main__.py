"""Timeouts reach the provider with the operation that they are for."""

from pulumi import CustomTimeouts, ResourceOptions
from things import Thing, step

if step() < 4:
    limits = CustomTimeouts(create="1m", update="1h30m", delete="45s") if step() < 3 else CustomTimeouts(delete="10m")
    Thing("a", ResourceOptions(custom_timeouts=limits), size=step())
    Thing("fraction", ResourceOptions(custom_timeouts=CustomTimeouts(create="1.5s", delete="1500ms")), size=1)
    Thing("moving", ResourceOptions(custom_timeouts=CustomTimeouts(create="2m", delete="3m")), place=str(step()))
