"""What Alembic executes: the steps, on the connection of `connecthub/db/schema.py` and in its transaction."""

from alembic import context

from connecthub.db.migrations import VERSION_TABLE
from connecthub.db.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    version_table=VERSION_TABLE,
    render_as_batch=True,
)
context.run_migrations()
