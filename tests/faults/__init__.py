"""Faults for real: processes killed, frozen and cut off while the promises of the design are watched."""
