"""What plugins inherit."""

from connecthub.jobs.base import BaseJob, JobContext, Retry

__all__ = ["BaseJob", "JobContext", "Retry"]
