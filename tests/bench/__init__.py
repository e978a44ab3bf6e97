"""Measures, printed and never asserted: each is a command of its own."""
