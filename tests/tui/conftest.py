"""An installation on both stacks for the control center."""

from __future__ import annotations

from tests.integration.conftest import bench, installation, launcher

__all__ = ["bench", "installation", "launcher"]
