"""致远 OA (Seeyon), the "A8/G6 REST" interface: `SeeyonClient`; what it returns stands in `records`."""

from connecthub.integrations.seeyon.client import SeeyonClient

__all__ = ["SeeyonClient"]
