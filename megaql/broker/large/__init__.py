"""Payloads that are too large for a message: kept as objects in a bucket, while the message has a pointer to them.

`pointer` is the convention of Amazon's extended clients, `stores` are places that objects are kept in, and `payloads` is what publishers and
applications are given.
"""
