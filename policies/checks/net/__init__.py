"""Network: zones, segments, lines, IPv6. See policies/checks/__init__.py."""
