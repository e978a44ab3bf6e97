"""An invented organisation in Seeyon's own field names: `generate` makes it, the same for the same seed."""

from connecthub.integrations.sandbox.organisation.generate import PROFILES, SINGLE_UNIT, Organisation, generate

__all__ = ["PROFILES", "SINGLE_UNIT", "Organisation", "generate"]
