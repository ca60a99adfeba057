"""Branches as the matchers of a pattern: what all of them test once, the rest under `$or`.

A maintainer keeps one rule: nothing here changes which messages a policy takes, only how it is said.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from megaql.convert.exporting.branches import merged
from megaql.convert.matchers import Fields

if TYPE_CHECKING:
    from collections.abc import Sequence

    from megaql.convert.exporting.branches import Branch
    from megaql.convert.matchers import Matcher


def fields(branches: Sequence[Branch]) -> Fields:
    """Return branches as a pattern. There is at least one, and none is empty."""
    kept = _distinct(merged([tuple(sorted(branch, key=lambda leaf: leaf.order)) for branch in branches]))
    said = [frozenset(leaf.said for leaf in branch) for branch in kept]
    common = frozenset.intersection(*said)
    root = _Node()
    for leaf in kept[0]:
        if leaf.said in common:
            root.at(leaf.keys[:-1]).members[leaf.keys[-1]] = leaf.matchers
    if len(kept) > 1:
        rests = [tuple(leaf for leaf in branch if leaf.said not in common) for branch in kept]
        shared = _shared_keys([leaf.keys[:-1] for rest in rests for leaf in rest])
        cut = [tuple(replace(leaf, place=leaf.place[len(shared) :]) for leaf in rest) for rest in rests]
        root.at(shared).alternatives = tuple(fields([rest]) for rest in cut)
    return root.frozen()


def _distinct(branches: list[Branch]) -> list[Branch]:
    """Leave out a branch that asks for all that another asks for, and perhaps more."""
    said = [frozenset(leaf.said for leaf in branch) for branch in branches]
    return [
        branch
        for at, branch in enumerate(branches)
        if not any(other < said[at] or (other == said[at] and before < at) for before, other in enumerate(said))
    ]


def _shared_keys(paths: Sequence[tuple[str, ...]]) -> tuple[str, ...]:
    shared = paths[0]
    for path in paths[1:]:
        differs = next((at for at, (a, b) in enumerate(zip(shared, path, strict=False)) if a != b), None)
        shared = shared[: min(len(shared), len(path)) if differs is None else differs]
    return shared


@dataclass(slots=True)
class _Node:
    """An object of a pattern while it is put together."""

    members: dict[str, _Node | tuple[Matcher, ...]] = field(default_factory=dict)
    alternatives: tuple[Fields, ...] = ()

    def at(self, path: Sequence[str]) -> _Node:
        node = self
        for key in path:
            inner = node.members.setdefault(key, _Node())
            assert isinstance(inner, _Node), "a field is a value or an object"  # noqa: S101 - _check_pair saw to it
            node = inner
        return node

    def frozen(self) -> Fields:
        return Fields(
            tuple(
                (key, member.frozen() if isinstance(member, _Node) else member) for key, member in self.members.items()
            ),
            self.alternatives,
        )
