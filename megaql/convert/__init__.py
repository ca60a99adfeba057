"""Patterns and filter policies of other services to queries, and queries to those.

A maintainer keeps one rule: between the two stands `megaql.convert.matchers`, which has a class for everything that any of the services can
say. Reading and writing of a service's own form, and what it refuses, is a dialect; what a matcher means as a clause is said once, for all.
"""
