"""What many messages are like together: counts by value, times, amounts, and the shape of their payloads.

The way in is `stats.Stats` for numbers and `shape.Shape` for paths and kinds. A maintainer keeps one rule: memory is bounded by the constants of
these modules, never by the number of messages, and what such a bound makes inexact has a name of its own in the result.
"""
