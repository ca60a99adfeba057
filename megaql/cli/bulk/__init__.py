"""Redrive, copy, move and delete: one piece of work with a plan, an order and an account of every message."""
