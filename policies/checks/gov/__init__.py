"""Governance: levels, logs, owners, products. See policies/checks/__init__.py."""
