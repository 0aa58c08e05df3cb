"""The native Pulumi provider `gov`: one resource for each kind of `inventory.kinds`, any cloud behind it.

`gov` answers the protocol, `schema` describes the package, `wire` converts values. The stock `pulumi` CLI starts this
folder as a plugin (`PulumiPlugin.yaml`); the embedded engine runs the same `__main__.py` in its own process.
"""
