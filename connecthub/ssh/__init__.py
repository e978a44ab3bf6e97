"""The way in over SSH: what a session may be, and what it is told."""
