"""Governance: levels, quotas, agreements, critical infrastructure. See policies/checks/__init__.py."""
