"""Residence: where things are, and that it is in the mainland. See policies/checks/__init__.py."""
