"""Identity: passwords, administrators, secrets. See policies/checks/__init__.py."""
