"""When a job fires, and what becomes of the slots that it missed."""
