"""Patterns of other services as clauses: read and judged in the service's words, made a formula over paths, written as a person would."""
