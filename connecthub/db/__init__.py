"""The database: models, two ways in, and every statement."""
