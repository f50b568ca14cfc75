"""Speeds, always as ratios to a raw loop in the same run."""
