"""The management centre: where devices are administered, what is watched, who is told. See policies/checks/__init__.py."""
