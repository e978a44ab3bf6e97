"""The control center in a pseudo-terminal: its first frame, its lists at a million rows, the bytes it sends."""

from __future__ import annotations

from tests.bench import tui_bytes, tui_first_frame, tui_pages
from tests.bench.harness import Plan, Servers


def measure(servers: Servers, plan: Plan) -> None:
    """Print all three."""
    tui_first_frame.measure(servers, plan)
    tui_pages.measure(servers, plan)
    tui_bytes.measure(servers, plan)
