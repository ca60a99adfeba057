"""The Python source that is generated for one clause: its constants, its functions, and how it becomes code.

A maintainer keeps one rule: text of a query or a document reaches the source as `repr()` of a plain string or as a named constant, and in
no other way.
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable


class Unit:
    """Functions that are compiled together, and the values their source names."""

    def __init__(self, names: dict[str, object]) -> None:
        self.names = dict(names)
        self._functions: list[str] = []
        self._numbers = itertools.count(1)

    def fresh(self, letter: str) -> str:
        """Return a name that nothing else in this unit has."""
        return f"{letter}{next(self._numbers)}"

    def constant(self, value: object) -> str:
        """Return source for a value: a literal where Python has an exact one, else a name."""
        if type(value) in (str, int, bool, type(None)):
            return repr(value)
        name = self.fresh("k")
        self.names[name] = value
        return name

    def texts(self, texts: frozenset[str]) -> str:
        """Return source for a set to look strings up in, which Python keeps as one constant."""
        return "{" + ", ".join(map(repr, sorted(texts))) + "}"

    def add(self, source: str) -> None:
        """Add a function's source."""
        self._functions.append(source)

    def compile(self, name: str) -> Callable[..., Any]:
        """Compile all functions and return the one of this name."""
        exec(compile("\n".join(self._functions), "<query>", "exec"), self.names)  # noqa: S102 - see the rule above
        function: Callable[..., Any] = self.names[name]  # type: ignore[assignment]
        return function
