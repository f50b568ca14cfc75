"""The example handlers do what they say, on a real database."""
