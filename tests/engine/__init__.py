"""The embedded engine against a program and a provider of its own: real forks, real SQLite, real signals."""
