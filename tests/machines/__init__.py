"""Small state machines (hypothesis) over the functions that move JobLogs, on SQLite with a clock of their own."""
