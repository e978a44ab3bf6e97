"""Real servers for the tests: found on this machine or taken from wheels, started here, gone with their owner."""
