"""The background jobs of a small shop: handlers as one would write them."""
