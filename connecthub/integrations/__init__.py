"""Clients of outside systems, and what can go wrong with them."""
