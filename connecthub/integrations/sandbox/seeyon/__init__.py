"""A stand-in of 致远 OA: `SeeyonSandbox`."""

from connecthub.integrations.sandbox.seeyon.server import SeeyonSandbox, serve

__all__ = ["SeeyonSandbox", "serve"]
