"""Temporary."""
def check(clause, source):
    pass
