"""Images and snapshots. See policies/checks/__init__.py."""
