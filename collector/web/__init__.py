"""The review page: every number opens to the bytes it came from."""
