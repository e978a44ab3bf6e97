"""The sync of members, against the stand-ins of both systems and as pure functions."""
