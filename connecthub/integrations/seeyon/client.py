"""SeeyonClient: 致远 OA, the "A8/G6 REST" interface under /seeyon/rest (not the gateway of the V8 cloud platform)."""

from __future__ import annotations

from connecthub.integrations.seeyon.writes import SeeyonWrites


class SeeyonClient(SeeyonWrites):
    """The client of 致远 OA: `SeeyonSession` signs it in, `SeeyonReads` and `SeeyonWrites` are what it can do.

    Use it as a context manager; in a plugin, through `self.client(SeeyonClient, base_url=..., ...)`.
    """
