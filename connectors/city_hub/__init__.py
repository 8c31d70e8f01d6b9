"""The door to a city command-centre API: walk its lists page by page."""
