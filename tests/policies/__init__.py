"""The policies room: cases as files, properties, the pack as a process."""
