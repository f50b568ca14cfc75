"""Tests of what jobgen writes: SQL and Python."""
