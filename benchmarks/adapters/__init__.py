"""What drives one subject each: a process of its own, in an environment of its own.

Imports the standard library and its subject, never the harness.
"""
