"""Speeds and latencies of jobgen, side by side with raw SQL and its peers.

`sizes` and `subject` say what and whom, `measures` how; `rounds` alternates them;
`results` go into `table` and `picture`. Each subject is driven by a process of
`adapters`, in one of `environments`.
"""
