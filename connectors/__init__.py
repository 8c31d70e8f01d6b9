"""The reading room (pure) and the doors to the world; neither ever judges."""
