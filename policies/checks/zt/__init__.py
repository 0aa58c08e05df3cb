"""Zero trust (GB/T 43696-2024): decision, enforcement, identity, catalogue. See policies/checks/__init__.py."""
