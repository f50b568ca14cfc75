"""The layout of everything that jobgen writes; installed as `jobgen.templates`."""
