"""Other readers, unmodified, each in an environment of its own; here they are only pointed at the page server."""
