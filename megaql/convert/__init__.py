"""Patterns and filter policies of other services to queries, and queries to those.

A maintainer keeps one rule: between the two stands `megaql.convert.matchers`, which has a class for everything that any of the services can
say. Reading and writing of a service's own form, and what it refuses, is a dialect; what a matcher means as a clause is said once, for all.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from megaql.convert import eventbridge, lambda_filters, pipes, sns
    from megaql.convert.export import Export, Fit

__all__ = ["Export", "Fit", "eventbridge", "lambda_filters", "pipes", "sns"]


def __getattr__(name: str) -> object:
    """Load a service's module, or a name of what they return, on its first use (PEP 562)."""
    if name not in __all__:
        raise AttributeError(f"module 'megaql.convert' has no attribute {name!r}")
    if name[0].isupper():
        return getattr(import_module("megaql.convert.export"), name)
    return import_module(f"megaql.convert.{name}")
