"""Text → values: knows no file, no server and no template."""
