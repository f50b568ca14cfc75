"""Five thousand jobs, a worker that is killed, and a check of what they left.

    python -m examples.demo [--jobs N]

`scenario` is the whole story; `verify` compares what the tables say with what
the handlers really did.
"""
