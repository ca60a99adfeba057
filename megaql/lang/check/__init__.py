"""Looks for what is probably wrong with a query that compiles: `check` finds, `CODES` says what each code means.

A maintainer keeps two rules. Quiet is a feature: a good query has nothing above a note. And a claim about all messages is a proof of the
solver's, one about samples says how many there were.
"""

from megaql.lang.check.codes import CODES, Code
from megaql.lang.check.run import check, printed

__all__ = ["CODES", "Code", "check", "printed"]
