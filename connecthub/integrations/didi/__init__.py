"""滴滴企业版 (DiDi Enterprise), the "river" interface: `DidiClient`; what it returns stands in `records`."""

from connecthub.integrations.didi.client import DIDI_URL, DidiClient

__all__ = ["DIDI_URL", "DidiClient"]
