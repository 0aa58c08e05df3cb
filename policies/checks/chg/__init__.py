"""Changes, assets and operation. See policies/checks/__init__.py."""
