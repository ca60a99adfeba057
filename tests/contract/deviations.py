"""Where a server is known not to do what SQS and SNS do: (server, test) → the reason.

Each entry makes that one test an expected failure, strictly: when a server learns the rule, the suite fails until the entry is gone. A test with
parameters of its own may be named with them (`test_x[a]`); a name without them stands for all.
"""

DEVIATIONS: dict[tuple[str, str], str] = {}
