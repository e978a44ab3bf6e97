"""Stand-ins of outside systems, for tests and demos: the real protocol on a real socket, the data invented."""
