"""The page of each diagnostic; installed as `jobgen.pages`."""
