"""A child process per run."""
