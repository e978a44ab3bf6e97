"""The database: tables, two ways in, and every statement."""
