"""Many entries in as many requests as it takes: legal batches, partial failures sent again, and an account of every entry.

A maintainer keeps one rule: a result never lies. Each entry stands in `done` or in `failed`, exactly once, whatever the service answered or
left out; and on a FIFO queue an entry is never sent after a later one of its group was accepted.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar

from megaql.broker import faults
from megaql.errors import BrokerError, CredentialsMissing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

#: Entries of one batch request, at most; SQS's and SNS's limit.
MAX_ENTRIES: Final = 10
#: Bytes of one SQS batch request, and of one message. A server with a lower limit says so, and the batch is halved.
MAX_BYTES: Final = 1_048_576
#: Times an entry is sent before its failure is final.
ATTEMPTS: Final = 4
#: The wait before the second attempt; it doubles with each further one. Seconds.
BACKOFF: Final = 0.1

E = TypeVar("E")


@dataclass(frozen=True, slots=True)
class Failure(Generic[E]):
    """An entry the service did not take: its error code and message, and whether the same entry may be taken later."""

    entry: E
    code: str
    message: str
    retryable: bool


@dataclass(frozen=True, slots=True)
class BatchResult(Generic[E]):
    """What became of each entry, both lists in the order the entries were given.

    `answers` stands beside `done`: the service's word for each entry (`MessageId`, `SequenceNumber`, MD5s). `requests` went out for it.
    """

    done: list[E] = field(default_factory=list)
    failed: list[Failure[E]] = field(default_factory=list)
    answers: list[dict[str, Any]] = field(default_factory=list)
    requests: int = 0

    @property
    def message_ids(self) -> list[str]:
        """The message ids of `done`, after a send."""
        return [str(answer.get("MessageId", "")) for answer in self.answers]


def weightless(_entry: object) -> int:
    """Return the size of entries of which a request may have as many as it likes: none."""
    return 0


@dataclass(frozen=True, slots=True)
class Batches(Generic[E]):
    """How entries of one kind go out.

    `request` sends (entry id, entry) pairs and returns the answer with `Successful` and `Failed`; it raises `BrokerError`. `size` is an
    entry's bytes. `group` is what has to stay in order, `None` for an entry that may pass others. A service answers for each entry of a request, and may
    take one behind another of its group that it refuses: with `apart` no request holds two of a group, which takes a request for each entry of the largest one.
    """

    request: Callable[[list[tuple[str, E]]], dict[str, Any]]
    sleep: Callable[[float], None]
    size: Callable[[E], int] = weightless
    group: Callable[[E], str | None] = lambda _: None
    max_bytes: int = MAX_BYTES
    apart: bool = False

    def run(self, entries: Sequence[E]) -> BatchResult[E]:
        """Send the entries and return what became of each.

        A request that fails as a whole ends the run: its entries and the unsent ones are failures with its code. It is raised instead when
        nothing had been accepted by then, so that a missing queue is an error and not a list.
        """
        run = _Run(self, entries)
        pending = list(range(len(entries)))
        for attempt in range(ATTEMPTS):
            if attempt:
                self.sleep(BACKOFF * 2 ** (attempt - 1))
            pending = run.attempt(pending)
            if not pending:
                break
        return run.result()


class _Run(Generic[E]):
    """The account of one run: each index is in `done`, in `failed`, or not settled yet."""

    def __init__(self, batches: Batches[E], entries: Sequence[E]) -> None:
        self.batches = batches
        self.entries = entries
        self.done: dict[int, dict[str, Any]] = {}
        self.failed: dict[int, Failure[E]] = {}
        self.requests = 0

    def attempt(self, pending: list[int]) -> list[int]:
        """Send what is pending once, in order; return what is worth another attempt."""
        for index in pending if self.failed else ():
            self.failed.pop(index, None)
        blocked: set[str] = set()
        for chunk in self._chunks(pending):
            try:
                self._send([index for index in chunk if self._free(index, blocked)] if blocked else chunk, blocked)
            except BrokerError as error:
                if not self.done:
                    raise
                # Credentials are looked up again for the next call; and they say nothing about the entries.
                later = error.retryable or isinstance(error, CredentialsMissing)
                unsent = [index for index in pending if index not in self.done and index not in self.failed]
                for index in unsent:
                    self._fail(index, error.code, str(error), later)
                return []
        if not self.failed:
            return []
        self._keep_order()
        given_up = self._groups(index for index in self.failed if not self.failed[index].retryable)
        again = [index for index in pending if index in self.failed and self.failed[index].retryable]
        return [index for index in again if self.batches.group(self.entries[index]) not in given_up]

    def _chunks(self, pending: list[int]) -> Iterator[list[int]]:
        """Cut into what goes out in one request; apart, the first entries of all groups come before the second ones."""
        if not self.batches.apart:
            yield from self._legal(pending)
            return
        before: Counter[str | None] = Counter()
        turns: list[list[int]] = []
        for index in pending:
            group = self.batches.group(self.entries[index])
            turn = before[group] if group is not None else 0
            before[group] += 1
            if turn == len(turns):
                turns.append([])
            turns[turn].append(index)
        for some in turns:
            yield from self._legal(some)

    def _legal(self, pending: list[int]) -> Iterator[list[int]]:
        """Cut into chunks the service takes; an entry that is too large alone goes alone, and the service says so."""
        if self.batches.size is weightless:
            yield from (pending[first : first + MAX_ENTRIES] for first in range(0, len(pending), MAX_ENTRIES))
            return
        chunk: list[int] = []
        used = 0
        for index in pending:
            size = self.batches.size(self.entries[index])
            if chunk and (len(chunk) == MAX_ENTRIES or used + size > self.batches.max_bytes):
                yield chunk
                chunk, used = [], 0
            chunk.append(index)
            used += size
        if chunk:
            yield chunk

    def _free(self, index: int, blocked: set[str]) -> bool:
        """Whether nothing before this entry in its group has failed; an entry that has to wait is a failure for now."""
        if self.batches.group(self.entries[index]) not in blocked:
            return True
        self._fail(index, "EarlierEntryFailed", "an earlier message of its group was not accepted", retryable=True)
        return False

    def _send(self, chunk: list[int], blocked: set[str]) -> None:
        """Send one chunk; where the service refuses it for its contents, find out which entry it is by halving."""
        if not chunk:
            return
        self.requests += 1
        try:
            answer = self.batches.request([(str(index), self.entries[index]) for index in chunk])
        except BrokerError as error:
            if faults.short_code(error.code) not in faults.CONTENT_CODES:
                raise
            if len(chunk) == 1:
                if not self.done and len(self.entries) == 1:
                    raise
                self._fail(chunk[0], error.code, error.why or error.what, retryable=False)
                self._block(chunk, blocked)
                return
            half = len(chunk) // 2
            self._send(chunk[:half], blocked)
            self._send([index for index in chunk[half:] if self._free(index, blocked)], blocked)
            return
        self._settle(chunk, answer)
        if self.failed:
            self._block(chunk, blocked)

    def _settle(self, chunk: list[int], answer: dict[str, Any]) -> None:
        """Read an answer; an entry it does not mention was not accepted as far as anyone can tell."""
        accepted = {str(item.get("Id")): item for item in answer.get("Successful") or ()}
        refused = {str(item.get("Id")): item for item in answer.get("Failed") or ()}
        for index in chunk:
            key = str(index)
            if key in accepted:
                self.done[index] = accepted[key]
            elif item := refused.get(key):
                code = str(item.get("Code") or "")
                sender_fault = bool(item.get("SenderFault"))
                again = faults.retryable(code, sender_fault=sender_fault)
                self._fail(index, code, str(item.get("Message") or ""), again)
            else:
                self._fail(index, "NoAnswer", "the service's answer does not mention this entry", retryable=True)

    def _block(self, chunk: list[int], blocked: set[str]) -> None:
        blocked.update(self._groups(index for index in chunk if index in self.failed))

    def _groups(self, indices: Iterable[int]) -> set[str]:
        groups = (self.batches.group(self.entries[index]) for index in indices)
        return {group for group in groups if group is not None}

    def _keep_order(self) -> None:
        """Give up entries that a later one of their group has overtaken: sent again, they would stand behind it."""
        last_done: dict[str, int] = {}
        for index in self.done:
            group = self.batches.group(self.entries[index])
            if group is not None:
                last_done[group] = max(index, last_done.get(group, -1))
        for index, failure in list(self.failed.items()):
            if failure.retryable and last_done.get(self.batches.group(self.entries[index]) or "", -1) > index:
                message = f"{failure.message}; a later message of its group was accepted, so it was not sent again"
                self._fail(index, failure.code, message, retryable=False)

    def _fail(self, index: int, code: str, message: str, retryable: bool) -> None:
        self.failed[index] = Failure(self.entries[index], code, message, retryable)

    def result(self) -> BatchResult[E]:
        done = sorted(self.done)
        return BatchResult(
            [self.entries[index] for index in done],
            [self.failed[index] for index in sorted(self.failed)],
            [self.done[index] for index in done],
            self.requests,
        )
