"""Decides whether any text passes some string tests and fails others: regexes, globs, parts, sets and order together.

`languages` names the tests, `search.find` answers. A maintainer keeps one rule: `NOTHING` is a proof and a text is confirmed by the
evaluator's own functions; whatever cannot be done exactly and in time ends as `Undecided`.
"""
