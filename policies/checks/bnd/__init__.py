"""Boundaries: what may pass between zones. See policies/checks/__init__.py."""
