"""Queries as texts: typed, in files, in applications; checked, laid out, related, converted."""
