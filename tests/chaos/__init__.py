"""Workers, their server and their network are broken in every way; no job is lost.

A scenario is a test by name. It runs on a `Stage`: a producer that never stops, a
fleet of worker processes, and a ledger outside of the database in which each handler
writes that it ran. `Stage.verdict` says whether anything was lost.
"""
