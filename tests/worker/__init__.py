"""The worker against real servers."""
