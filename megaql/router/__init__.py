"""Many queries, one message: which of them take it.

A maintainer keeps one rule: an answer is in the order in which the queries were added, however they are looked up.
"""

from megaql.router.router import Decision, Router

__all__ = ["Decision", "Router"]
