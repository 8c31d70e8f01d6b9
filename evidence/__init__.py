"""Keeps, folds, replays, fills and verifies."""
