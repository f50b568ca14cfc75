"""The statements of a worker use their indexes, whatever the table holds."""
