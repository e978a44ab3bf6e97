"""Plugins for measures: each notes the times of its own life, on the clock that all processes of a machine share."""

import time

IMPORT_BEGAN = time.monotonic()
