"""What holds for every schema that can be written, and every value of a job.

`names`, `texts` and `kinds` are the words; `schemas` puts schemas together of
them, right by construction, and `mutations` breaks these again. `make soak` looks
at thousands where `make test` looks at a few dozen.
"""
