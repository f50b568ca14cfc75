"""Random histories of a queue, compared with a small model of it."""
