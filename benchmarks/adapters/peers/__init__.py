"""Other job queues. Their packages are in environments of their own, not in .venv."""
