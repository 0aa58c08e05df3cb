"""Things: gateways and devices of the sensing network. See policies/checks/__init__.py."""
