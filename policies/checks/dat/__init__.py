"""Data: encryption, algorithms, grading. See policies/checks/__init__.py."""
