"""The whole flow, through the door, as a user types it."""
