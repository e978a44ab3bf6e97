"""What one run may use of the machine: set by its own process, before the plugin is loaded."""

from __future__ import annotations

import resource
from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from connecthub.core.config import Settings  # not in the launcher, whose every child would have it

MEGABYTE = 1024 * 1024


def limits_of(settings: Settings) -> dict[str, int]:
    """The limits that the settings ask for: name of the resource (as in `RLIMIT_…`) → most."""
    asked = {
        "AS": settings.run_memory_mb and settings.run_memory_mb * MEGABYTE,
        "FSIZE": settings.run_file_mb and settings.run_file_mb * MEGABYTE,
        "NOFILE": settings.run_open_files,
    }
    return {name: most for name, most in asked.items() if most is not None}


def apply_limits(limits: Mapping[str, int]) -> None:
    """Set them on this process for good; one that is bounded closer already stays as it is."""
    for name, most in limits.items():
        number = getattr(resource, f"RLIMIT_{name}")
        soft, hard = (
            most if bound == resource.RLIM_INFINITY else min(most, bound) for bound in resource.getrlimit(number)
        )
        resource.setrlimit(number, (soft, hard))
