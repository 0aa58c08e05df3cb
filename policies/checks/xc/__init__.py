"""Domestic products: assessed, apart, certified. See policies/checks/__init__.py."""
