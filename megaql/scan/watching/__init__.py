"""A source watched while it is read: messages as they come, kept within bounds, and judged by a query that changes.

A maintainer keeps one rule: reading, judging and showing never wait for each other.
"""
