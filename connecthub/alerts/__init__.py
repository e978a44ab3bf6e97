"""Alerts: rules that owe them, channels that carry them."""
