"""What every other room uses: settings, logging, clock, redaction, safe text."""
