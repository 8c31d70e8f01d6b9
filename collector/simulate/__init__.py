"""A simulated community that knows its own truth; imports nothing of scoring or evidence."""
