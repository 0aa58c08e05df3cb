"""Audit: what is recorded, where it goes, how long it is kept, who cannot touch it. See policies/checks/__init__.py."""
