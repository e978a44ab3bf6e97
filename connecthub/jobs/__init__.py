"""What plugins inherit."""

from connecthub.jobs.base import BaseJob, JobContext

__all__ = ["BaseJob", "JobContext"]
