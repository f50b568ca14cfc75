"""Mistakes in handlers and producers are type errors, for mypy and for pyright."""
