"""The control center, driven by keys and looked at as text."""
