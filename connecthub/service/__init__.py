"""Running ConnectHub as one command: `up`, `demo`."""
