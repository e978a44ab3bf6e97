"""What plugins inherit."""
