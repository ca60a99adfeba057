"""What a log says of an exception: its type and the way to where it was raised, and the same of those behind it and within it.

A maintainer keeps one rule: the text of an exception, its arguments, its notes and the source lines of its frames stay out, for they may quote a message. The text
alone is there for a formatter that somebody has told to show it.
"""

from __future__ import annotations

import logging
import os
import traceback
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

#: Frames of a traceback that are told, the innermost ones.
MOST_FRAMES: Final = 20

#: Exceptions behind an exception that are told, and of those within a group.
MOST_CAUSES: Final = 5

#: Where MegaQL's own code lies: its frames are left out where there are others.
OURS: Final = str(Path(__file__).resolve().parents[1]) + os.sep


class Raised(dict[str, Any]):
    """An exception as a record of a log carries it, in `record.error`: `type`, `where`, `stack` (innermost first), `causes` and `exceptions`.

    To whoever knows nothing of this it is a dict of texts; pickled it is nothing else. The exception itself goes along for `texts`.
    """

    __slots__ = ("exception",)

    def __init__(self, error: BaseException) -> None:
        super().__init__(told(error))
        self.exception = error

    def __reduce__(self) -> tuple[type[dict[str, Any]], tuple[dict[str, Any]]]:
        return dict, (dict(self),)

    def texts(self) -> dict[str, Any]:
        """Return the same with the text of each exception."""
        return told(self.exception, text=True)


def of(record: logging.LogRecord) -> Raised | None:
    """Return the exception that a record of any logger tells of, `None` for none."""
    found = getattr(record, "error", None)
    if isinstance(found, Raised):
        return found
    return Raised(record.exc_info[1]) if record.exc_info and record.exc_info[1] is not None else None


class TypesOnly(logging.Filter):
    """Takes the exception out of each record and leaves what may be told of it, so that no formatter, of whatever program, can show more.

    `logging.Formatter` writes a record's `exc_text` where it finds it, and others their record's fields.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        """Let every record through."""
        found = of(record)
        record.exc_info = None
        if found is not None:
            record.error = found
            record.exc_text = "\n".join(lines(found))
        return True


def told(error: BaseException, *, text: bool = False) -> dict[str, Any]:
    """Return what is said of an exception, with its text if that is asked for."""
    stack = _stack(error)
    behind = list(_behind(error))
    said: dict[str, Any] = _brief(error, text=text) | {"where": stack[0] if stack else "", "stack": stack}
    if causes := [_brief(cause, text=text) for cause in behind]:
        said["causes"] = causes
    within = (one for group in (error, *behind) for one in _within(group))
    if exceptions := [_brief(one, text=text) for one in islice(within, MOST_CAUSES)]:
        said["exceptions"] = exceptions
    return said


def lines(told: Mapping[str, Any], most_frames: int = MOST_FRAMES) -> Iterator[str]:
    """Yield what was said of an exception as people read it."""
    yield _titled(told)
    for place in told["stack"][:most_frames]:
        yield f"  at {place}"
    for word, several in (("behind it", "causes"), ("in it", "exceptions")):
        for one in told.get(several, ()):
            yield f"{word} {_titled(one)}" + (f" at {one['where']}" if one["where"] else "")


def _titled(told: Mapping[str, Any]) -> str:
    return f"{told['type']}: {told['text']}" if told.get("text") else str(told["type"])


def _brief(error: BaseException, *, text: bool) -> dict[str, Any]:
    brief = {"type": type(error).__qualname__, "where": next(iter(_stack(error)), "")}
    return brief | {"text": _text(error)} if text else brief


def _text(error: BaseException) -> str:
    try:
        return str(error)
    except Exception:  # noqa: BLE001 - a user's own method
        return ""


def _stack(error: BaseException) -> list[str]:
    """Return the places that an exception came through, innermost first."""
    frames = traceback.StackSummary.extract(traceback.walk_tb(error.__traceback__), lookup_lines=False)
    ours = [at for at, frame in enumerate(frames) if frame.filename.startswith(OURS)]
    # What came before the user's code is left out, and what that called of MegaQL's too, as long as anything else is left.
    theirs = frames[ours[-1] + 1 :] if ours else list(frames)
    theirs = theirs or [frame for at, frame in enumerate(frames) if at not in ours] or list(frames)
    return [f"{frame.filename}:{frame.lineno} in {frame.name}" for frame in reversed(theirs[-MOST_FRAMES:])]


def _behind(error: BaseException) -> Iterator[BaseException]:
    """Yield the exceptions behind one, as a traceback would show them."""
    for _ in range(MOST_CAUSES):
        behind = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
        if behind is None:
            return
        yield behind
        error = behind


def _within(error: BaseException) -> Iterator[BaseException]:
    """Yield the exceptions of a group and of the groups in it, which are no news themselves."""
    waiting = [error]
    while waiting:
        one = waiting.pop(0)
        if isinstance(one, BaseExceptionGroup):
            waiting[:0] = one.exceptions
        elif one is not error:
            yield one
