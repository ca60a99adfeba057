"""Regexes: the search that a query makes, beside plain RE2, `re2.Set` and Python's `re`; and hostile ones on a long text."""

from __future__ import annotations

import random
import re
import time
from functools import partial
from typing import TYPE_CHECKING

import re2

from megaql.lang import regexes, searches
from megaql.lang.nodes import Regex
from tests.benchmarks.tables import Table
from tests.benchmarks.timing import time_ns

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.benchmarks.timing import Options

#: Regexes by the way they are searched for, each with a text that matches.
WAYS = {
    "plain text": ("order.created".replace(".", r"\."), "order.created"),
    "one of some texts": (r"^order\.(created|updated|deleted)$", "order.updated"),
    "texts in their order": ("^order.*created$", "order was created"),
    "safe on re": (r"^order-[0-9]+\.[a-z]+\.(eu|us)", "order-7.abc.eu"),
    "safe on re, anywhere": (r"order-\d+\.[a-z]+", "order-7.abc"),
    "RE2": (r"(order|\pL+)-\pL+\d", "order-abc7"),
}

LENGTHS = (20, 200, 2_000)

#: Regexes that other engines take seconds or years for, by the text that they are slow in.
HOSTILE = {
    "a": ["^(a+)+$", "^(a|aa)+$", "(a?){200}a{200}!", "(.*)(.*)(.*)x", "(a+a+)+y", "y(a?){500}a{500}z"],
    "ab": ["a[ab]{20}c", "a[ab]{900}c", "(a|b)*a(a|b){20}c", "(.a.b.{40}){10}c", "(a?){500}a{500}y"],
    "abcdefghijklmnopqrstuvwxyz0123456789 _-.": [
        "a.{900}!",
        r"(\w{1,30} ){1,30}!",
        r"(\pL|\pN){300}!",
        r"([a-z]+.)+[0-9]{30}!",
        r"\pL.{300}\pN!",
        "(?i)[a-q][^u-z]{13}!",
    ],
}

MIB = 1 << 20


def tables(options: Options) -> Iterator[Table]:
    """Yield the time of one call by way and length, of sets by their size, and of hostile regexes in 1 MiB."""
    yield _calls(options)
    yield _sets(options)
    yield _hostile(options)


def _calls(options: Options) -> Table:
    title = "One search, in nanoseconds"
    table = Table(title, ["regex", "characters", "matches", "megaql", "re2.search", "re2.Set", "re"])
    for way, (pattern, hit) in WAYS.items():
        for length in LENGTHS:
            filling = "nothing to be found here, " * (length // 20)
            whole = (
                hit if pattern.endswith("$") else (hit + filling if pattern[0] == "^" else filling[len(hit) :] + hit)
            )
            for text, matches in ((whole, "yes"), (filling[:length], "no")):
                times = time_ns(_engines(pattern), text, quick=options.quick)
                engines = [times.get(name) for name in ("megaql", "re2.search", "re2.Set", "re")]
                table.rows.append([way, len(text), matches, *engines])
    table.note = "re2 is given the encoded text, as it wants it; the encoding is measured. re has no \\pL."
    return table


def _engines(pattern: str) -> dict[str, Callable[[str], object]]:
    one, together = re2.compile(pattern.encode()), re2.Set.SearchSet()
    together.Add(pattern.encode())
    together.Compile()
    engines: dict[str, Callable[[str], object]] = {
        "megaql": _function(Regex(pattern)),
        "re2.search": lambda text: one.search(text.encode()),
        "re2.Set": lambda text: together.Match(text.encode()),
    }
    return engines if r"\p" in pattern else {**engines, "re": re.compile(pattern).search}


def _function(regex: Regex) -> Callable[[str], bool]:
    """Return a search as a function; a query has the operation on strings in its own code."""
    match searches.search(regex):
        case searches.Function(call):
            return call
        case searches.Text("in", part):
            return lambda text: part in text
        case found:
            raise AssertionError(found)


def _sets(options: Options) -> Table:
    table = Table("Several regexes on one text of 20 characters, in microseconds", ["regexes", "one set", "one by one"])
    for count in (2, 10, 100, 1_000):
        given = [Regex(rf"^item{number}\.[a-z]+\.(eu|us)-\d$") for number in range(count)]
        calls = [_function(regex) for regex in given]
        together = searches.RegexSet(given)
        ways: dict[str, Callable[[str], object]] = {
            "set": together.matching,
            "each": partial(_each, calls),
        }
        times = time_ns(ways, "item7.production.eu-1", quick=options.quick)
        table.rows.append([count, times["set"] / 1_000, times["each"] / 1_000])
    table.note = f"Below {searches.TOGETHER} regexes a set is not made."
    return table


def _each(calls: list[Callable[[str], bool]], text: str) -> list[bool]:
    return [call(text) for call in calls]


def _hostile(options: Options) -> Table:
    columns = ["regex", "first", "again", "re2.search"]
    table = Table("Hostile regexes in a text of 1 MiB, in milliseconds of processor time", columns)
    for letters, patterns in HOSTILE.items():
        text = "".join(random.Random(1).choices(letters, k=MIB))
        for pattern in patterns:
            regex = Regex(pattern)
            call = _function(regex)
            plain = None if options.quick else _cpu_ms(partial(regexes.search, regex), text)
            table.rows.append([pattern, _cpu_ms(call, text), _cpu_ms(call, text), plain])
    return table


def _cpu_ms(call: Callable[[str], bool], text: str) -> float:
    start = time.process_time()
    call(text)
    return (time.process_time() - start) * 1_000
