"""No job waits for the guard tick: the protocol of promises, withdrawals and barriers."""
