"""Business plugins, one folder each."""
