"""Queries and files against each other: what `test` does."""
