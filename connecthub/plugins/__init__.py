"""From a handler path to a plugin class."""
