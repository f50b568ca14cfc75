"""The tests, and in `tests.servers` the PostgreSQL servers that they run on."""
