"""A stand-in of 滴滴企业版: `DidiSandbox`."""

from connecthub.integrations.sandbox.didi.server import COMPANY, DidiSandbox

__all__ = ["COMPANY", "DidiSandbox"]
