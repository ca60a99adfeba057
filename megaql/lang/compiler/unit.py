"""The Python source that is generated for one clause: its constants, its functions, and how it becomes code.

A maintainer keeps one rule: text of a query or a document reaches the source as `repr()` of a plain string or as a named constant, and in
no other way.
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    Function = Callable[..., Any]


class Unit:
    """Functions that are compiled together, and the values their source names."""

    def __init__(self, names: Mapping[str, object]) -> None:
        self.names = dict(names)
        self._functions: list[str] = []
        self._numbers: Iterator[int] = itertools.count(1)

    def beside(self) -> Unit:
        """Return a unit of its own functions that shares this one's names: for what is compiled later, in any thread."""
        other = Unit({})
        other.names, other._numbers = self.names, self._numbers
        return other

    def fresh(self, letter: str) -> str:
        """Return a name that nothing else has in this unit and those beside it."""
        return f"{letter}{next(self._numbers)}"

    def constant(self, value: object) -> str:
        """Return source for a value: a literal where Python has an exact one, else a name."""
        if type(value) in (str, int, bool, type(None)):
            return repr(value)
        name = self.fresh("k")
        self.names[name] = value
        return name

    def later(self, make: Callable[[], Function]) -> str:
        """Return the name of a function that is made when it is first called."""
        name = self.fresh("f")

        def first(*arguments: object) -> object:
            self.names[name] = made = make()
            return made(*arguments)

        self.names[name] = first
        return name

    def add(self, source: str) -> None:
        """Add a function's source."""
        self._functions.append(source)

    def compile(self, name: str) -> Function:
        """Compile all functions and return the one of this name."""
        exec(compile("\n".join(self._functions), "<query>", "exec"), self.names)  # noqa: S102 - see the rule above
        function: Function = self.names[name]  # type: ignore[assignment]
        return function
