"""Values of the command line that are plain: they are taken without typer's validation, which takes longer to import than most of MegaQL.

A maintainer keeps one rule: what is taken here comes out as typer would have it. All else is typer's own: what is wrong, what has bounds or a
parser, and every value where a version of typer has no such validation.
"""

from __future__ import annotations

from enum import EnumType
from typing import Any, Final

#: Digits of the longest number that is taken here.
_DIGITS: Final = 9


def sparing(parameters: list[Any]) -> list[Any]:
    """Return the parameters of a command, from now on such that they take plain values at once."""
    for parameter in parameters:
        if hasattr(parameter, "get_runtime_param") and hasattr(parameter, "type_descriptor"):
            _spare(parameter)
    return parameters


def _spare(parameter: Any) -> None:
    if "get_runtime_param" not in vars(parameter):
        first = Sparing(parameter)
        parameter.get_runtime_param = lambda: first


class Sparing:
    """Stands before the conversion of one parameter."""

    def __init__(self, parameter: Any) -> None:
        self._whole = parameter.get_runtime_param
        described = parameter.type_descriptor
        given = described.parameter_info
        self._annotation = described.annotation
        bounds = ("parser", "click_type", "min", "max")
        self._is_free = all(getattr(given, name, None) is None for name in bounds)

    def coerce(self, value: Any, *, param: Any, ctx: Any) -> Any:
        """Return the value that the command gets."""
        several = param.multiple or param.nargs == -1
        if value is None:
            return () if several else None
        if self._is_free and not several:
            found = _single(value, self._annotation)
            if found is not None:
                return found
        if self._is_free and several and self._annotation == list[str] and isinstance(value, list | tuple):
            texts = [one for one in value if _is_text(one)]
            if len(texts) == len(value):
                return texts
        return self._whole().coerce(value, param=param, ctx=ctx)


def _single(value: object, annotation: Any) -> object | None:
    """Return what a plain value is; `None` where it is none."""
    if isinstance(annotation, EnumType):
        members: list[Any] = list(annotation)
        return next((one for one in members if value is one or (_is_text(value) and value == one.value)), None)
    if annotation is str and _is_text(value):
        return value
    if annotation is int and isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= _DIGITS:
        return int(value)
    return None


def _is_text(value: object) -> bool:
    """Say whether it is a string and whole: the bytes of an argument that are no UTF-8 are typer's."""
    if type(value) is not str:
        return False
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True
