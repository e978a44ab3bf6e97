"""The steps from one schema to the next: one file of `versions/` each, numbered, run by `connecthub/db/schema.py`."""

HEAD = "0006"
"""The newest step, known without importing Alembic; a test holds it equal to the files."""
VERSION_TABLE = "connecthub_version"
"""One row: the step that the database stands at."""
