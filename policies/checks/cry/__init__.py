"""Cryptography in use. See policies/checks/__init__.py."""
