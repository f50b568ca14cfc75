"""From text to the model: no file, no server."""
