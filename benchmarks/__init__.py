"""Benchmarks: what is printed is measured in one run against a baseline of the same run; nothing is judged."""
