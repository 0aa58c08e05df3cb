"""Tenants, platforms and what keeps them apart. See policies/checks/__init__.py."""
