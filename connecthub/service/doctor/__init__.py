"""What checks an installation and says how to mend it: a file for each theme, a table of checks in `examine.py`."""

from connecthub.service.doctor.examine import examine, findings

__all__ = ["examine", "findings"]
