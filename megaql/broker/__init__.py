"""Queues and topics as MegaQL sees them, over one seam: a client with boto3's method names, dicts and error codes.

Everything above this room works on `Queue`, `Topic`, `Message` and `Publisher` and meets only `BrokerError`s; which service stands behind a
target, and how to reach it, is decided in here.
"""
