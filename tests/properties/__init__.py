"""What holds for every schema that can be written, and every value of a job.

`names`, `texts`, `kinds`, `json_classes` and `roles` are the words; `schemas` puts
schemas together of them, right by construction, `splits` spreads each over files, and
`mutations` breaks them again. `callers` and `sessions` are the connections by which
jobs go in and out. `make soak` looks at thousands where `make test` looks at a few
dozen.
"""
