"""Hosts: what is installed, what listens, who looks for weaknesses and intruders. See policies/checks/__init__.py."""
