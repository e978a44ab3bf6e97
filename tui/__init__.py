"""The control center: a terminal program over `connecthub.control`."""
