"""Messages of which no query sees more than what stands in the body: the shortest way from a body, or from its text, to the names.

A maintainer keeps two rules. Neither way says anything else than the router's long one, which asks a record. And a generated function belongs to
one state of a router, so whoever changes that begins anew; it answers only for a JSON object in no envelope, and returns `None` else.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from megaql.codec.formats import nests_deeper
from megaql.lang.compiler.unit import Unit
from megaql.lang.record import Record
from megaql.router import walks
from megaql.router.index import entries
from megaql.router.walks import HITS, NAMES, PLACES, WalkWriter, indented

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from megaql.codec.skim import Skimmer, Tree
    from megaql.router.index import Index
    from megaql.router.ways import Hit

    #: `(text, now)`
    Function = Callable[[str, datetime | None], list[str] | None]

_NESTING: Final = frozenset({dict, list})


def matching(index: Index, body: dict[str, Any], now: datetime | None, last: int) -> list[str]:
    """Return the names of the queries with a number up to `last` that match."""
    hits: list[Hit] = [*index.always]
    index.plain.down(body, hits)
    if not hits:
        return []
    if len(hits) == 1 and (entry := hits[0].only) is not None:
        return [entry.name] if entry.number <= last and entry.matcher.of_body(body, now) else []
    return _of_several(hits, body, now, last)


def _of_several(hits: list[Hit], body: dict[str, Any], now: datetime | None, last: int) -> list[str]:
    return [
        entry.name for entry in entries(hits, Record(body)) if entry.number <= last and entry.matcher.of_body(body, now)
    ]


class Texts:
    """The function for one state of a router: made when so many bodies have gone the long way, and put off again by one that must."""

    __slots__ = ("_asked", "_made", "function")

    def __init__(self) -> None:
        self._asked = 0
        self._made: Function | None = None
        self.function: Function | None = None

    def note(self, skimmer: Skimmer, index: Index, last: int) -> None:
        """Take note of a body that goes the long way; `last` is the number of the last query that the skimmer reads for."""
        self._asked += 1
        if self.function is not None:
            self.function, self._asked = None, 0
        elif self._asked >= walks.TRIED:
            self._made = self._made or generate(skimmer, index, last)
            self.function = self._made


def generate(skimmer: Skimmer, index: Index, last: int) -> Function:
    """Return a function that reads a body and says which queries match, of those with a number up to `last`."""
    unit = Unit({**NAMES, "decode": skimmer.decode, "ERRORS": skimmer.errors, "NESTING": _NESTING})
    unit.names |= {"nests_deeper": nests_deeper, "of_several": _of_several}
    named: dict[tuple[str, ...], str] = {}
    shallow = _shallow(unit, skimmer.tree, named)

    def answer(hit: str) -> list[str]:
        return [
            f"if (entry := {hit}.only) is not None:",
            f"    return [entry.name] if entry.number <= {last} and entry.matcher.of_body(body, now) else []",
        ]

    writer = WalkWriter(unit, named, answer) if index.asks_once else WalkWriter(unit, named)
    walk = writer.below(index.plain.root, "body", ())
    lines = [
        "try:",
        "    body = decode(text)",
        "except ERRORS:",
        "    return None",
        "if 'Type' in body:",
        "    return None",
        *shallow,
        f"{HITS} = [{', '.join(map(unit.constant, index.always))}]",
        *walk,
        f"if not {HITS}:",
        "    return []",
        f"if len({HITS}) == 1:",
        *indented(answer(f"{HITS}[0]")),
        f"return of_several({HITS}, body, now, {last})",
    ]
    unit.add("\n".join(["def names(text, now):", *indented(lines)]))
    return unit.compile("names")


def _shallow(unit: Unit, tree: Tree | None, named: dict[tuple[str, ...], str]) -> list[str]:
    """Return what makes sure that a body is not nested too deep, with the names that values have from then on."""
    lines: list[str] = [] if tree is None else _values(unit, tree, "body", (), named)
    if tree is None or len(named) > PLACES:
        named.clear()
        return ["if nests_deeper(body):", "    return None"]
    return lines


def _values(unit: Unit, tree: Tree, value: str, path: tuple[str, ...], named: dict[tuple[str, ...], str]) -> list[str]:
    lines: list[str] = []
    for name, below in tree.items():
        member = named[*path, name] = unit.fresh("v")
        lines.append(f"{member} = {value}.get({unit.constant(name)}, M)")
        if below is not None:
            inner = _values(unit, below, member, (*path, name), named)
            lines += [
                f"if type({member}) is dict:",
                *indented(inner),
                f"elif type({member}) is list and nests_deeper(body):",
            ]
        else:
            lines.append(f"if type({member}) is not str and type({member}) in NESTING and nests_deeper(body):")
        lines.append("    return None")
    return lines
