"""Values → (path, text): knows no server, and writes nothing."""
