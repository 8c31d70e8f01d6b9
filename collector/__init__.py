"""Runs it: settings, intake, reader, refresh, schedule, command line and web page."""
