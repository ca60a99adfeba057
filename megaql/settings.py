"""The settings there are, once: their names, types, defaults and what they mean.

A maintainer keeps one rule: the environment variable, the key of `megaql.toml`, the table in the documentation and `megaql help environment` all
follow from the entries here, so that none of them can be forgotten. How the values are found is `megaql.config`'s business.
"""

from __future__ import annotations

import re
from collections.abc import Mapping  # noqa: TC003 - the types of the settings are read when this module is loaded
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, Any, Final, get_type_hints

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

Value = str | int | timedelta

#: What a path is called; one that a file names is looked for beside that file.
A_PATH: Final = "a path"

_DURATION: Final = re.compile(r"(?:[0-9]+(?:\.[0-9]+)?(?:ms|[smhdw]))+")


@dataclass(frozen=True, slots=True)
class Kind:
    """A type of setting: what it is called, how to write one, and its two readers, which raise `ValueError` with the reason.

    A variable is always text; a file has types of its own.
    """

    called: str
    example: str
    of_text: Callable[[str], Value]
    of_file: Callable[[Any], Value]

    @property
    def written(self) -> str:
        """The example as a file has it."""
        return self.example if self.example.isdigit() else f'"{self.example}"'


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting. `default` is told, not applied; `variables` are asked in their order."""

    name: str
    table: str
    kind: Kind
    default: str
    meaning: str
    variables: tuple[str, ...]


def read_duration(text: str) -> timedelta:
    """Read a duration as the query language writes it: `500ms`, `10s`, `2m`, `1h30m`; `ValueError` says what else it is."""
    if not _DURATION.fullmatch(text):
        hint = f"; did you mean {text}s?" if re.fullmatch(r"[0-9.]+", text) else ""
        raise ValueError(f"{text!r} is no duration; write 500ms, 10s, 2m or 1h30m{hint}")
    from megaql.lang.literals import LiteralError, read_duration  # noqa: PLC0415 - only a duration that is given needs it

    try:
        return read_duration(text)
    except LiteralError as error:
        raise ValueError(error.message) from None


def _durations(example: str, least: timedelta, most: timedelta) -> Kind:
    def within(value: timedelta) -> timedelta:
        if least <= value <= most:
            return value
        from megaql.lang.literals import write_duration  # noqa: PLC0415 - as above

        raise ValueError(f"it is from {write_duration(least)} to {write_duration(most)}")

    def of_file(value: object) -> timedelta:
        if isinstance(value, str):
            return within(read_duration(value))
        number = isinstance(value, int | float) and not isinstance(value, bool)
        raise ValueError("a duration is a text with a unit" + (f', as in "{value}s"' if number else ""))

    return Kind("a duration", example, lambda text: within(read_duration(text)), of_file)


def _text(value: object) -> str:
    if not isinstance(value, str) or not value:
        raise ValueError("it has to be a text")
    return value


def _texts(called: str, example: str) -> Kind:
    return Kind(called, example, _text, _text)


def _whole(text: str) -> int:
    if not re.fullmatch(r"[0-9]{1,9}", text):
        raise ValueError(f"{text!r} is not a whole number")
    return int(text)


def _number(least: int, most: int) -> Callable[[Any], int]:
    def read(value: object) -> int:
        if not isinstance(value, int) or isinstance(value, bool):
            raise ValueError("it has to be a whole number, without quotes")  # noqa: TRY004 - a reader's one way to refuse
        if not least <= value <= most:
            raise ValueError(f"{value} is out of range: it is from {least} to {most}")
        return value

    return read


def _numbers(called: str, example: str, least: int, most: int) -> Kind:
    read = _number(least, most)
    return Kind(called, example, lambda text: read(_whole(text)), read)


def _choice(*words: str) -> Kind:
    def read(value: object) -> str:
        if value not in words:
            raise ValueError(f"{value!r} is none of {', '.join(words)}")
        return str(value)

    return Kind(" or ".join((", ".join(words[:-1]), words[-1])), words[0], read, read)


COUNT: Final = _numbers("a whole number", "8", 1, 10_000)
PORT: Final = _numbers("a port", "8080", 0, 65_535)
TEXT: Final = _texts("a text", "local:orders")
ADDRESS: Final = _texts("a text", "0.0.0.0")  # noqa: S104 - an example to read
PROFILE: Final = _texts("a text", "production")
REGION: Final = _texts("a text", "eu-west-1")
ENDPOINT: Final = _texts("a text", "http://127.0.0.1:4566")
PATH: Final = _texts(A_PATH, "/tmp/megaql.alive")  # noqa: S108 - as above
LEDGER: Final = _texts(A_PATH, "done.db")
POLICY: Final = _choice("return", "delete", "dead-letter")
LEVEL: Final = _choice("warning", "debug", "info", "error")
FORMAT: Final = _choice("json", "text")
EXCEPTIONS: Final = _choice("text", "types")
#: SQS's longest receive, and its longest lease.
WAIT: Final = _durations("10s", timedelta(0), timedelta(seconds=20))
LEASE: Final = _durations("2m", timedelta(seconds=1), timedelta(hours=12))
DELAY: Final = _durations("1s", timedelta(0), timedelta(hours=12))
LONG_DELAY: Final = _durations("5m", timedelta(0), timedelta(hours=12))
DURATION: Final = _durations("50s", timedelta(0), timedelta(days=365))
#: A time after which something counts as stuck; shorter ones would be noise.
PATIENCE: Final = _durations("10m", timedelta(seconds=1), timedelta(days=365))


@dataclass(frozen=True, slots=True)
class About:
    """What is to be known of a setting beside its name and type; without `variables` it is `MEGAQL_` and its name."""

    table: str
    kind: Kind
    default: str
    meaning: str
    variables: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What was set, `None` where nobody said anything; `origins` says where each value comes from, in words."""

    target: Annotated[
        str | None, About("run", TEXT, "", "The queue to consume, where neither code nor command names one.")
    ] = None
    concurrency: Annotated[int | None, About("run", COUNT, "1", "Threads that run handlers, in each process.")] = None
    processes: Annotated[
        int | None, About("run", COUNT, "1", "Processes that consume side by side, under a supervisor.")
    ] = None
    drain_timeout: Annotated[timedelta | None, About("run", DURATION, "25s", "How long a stop waits for handlers.")] = (
        None
    )
    wait: Annotated[
        timedelta | None, About("run", WAIT, "5s", "How long a receive waits for messages; 1s on local queues.")
    ] = None
    visibility: Annotated[
        timedelta | None, About("run", LEASE, "the queue's own", "The lease to ask for at each receive.")
    ] = None
    backoff_base: Annotated[
        timedelta | None, About("run", DELAY, "5s", "The most that a message waits after its first failure.")
    ] = None
    backoff_cap: Annotated[
        timedelta | None, About("run", LONG_DELAY, "15m", "The most that it waits after any failure.")
    ] = None
    ledger: Annotated[
        str | None, About("run", LEDGER, "in memory", "An SQLite file that keeps which handlers are done.")
    ] = None
    unmatched: Annotated[
        str | None, About("run", POLICY, "delete", "What becomes of a message that no subscription takes.")
    ] = None
    unknown: Annotated[str | None, About("run", POLICY, "as unmatched", "The same where a query could not decide.")] = (
        None
    )
    liveness_file: Annotated[
        str | None, About("run", PATH, "none", "A file that is touched while there is progress.")
    ] = None
    liveness_port: Annotated[
        int | None, About("run", PORT, "none", "A port that answers 200 while there is progress, else 503.")
    ] = None
    liveness_address: Annotated[
        str | None, About("run", ADDRESS, "127.0.0.1", "The address of that port; Kubernetes needs 0.0.0.0.")
    ] = None
    liveness_after: Annotated[
        timedelta | None, About("run", PATIENCE, "2m", "How long without progress is no longer alive.")
    ] = None
    restart_after: Annotated[
        timedelta | None, About("run", PATIENCE, "1h", "How long without progress until a process is restarted.")
    ] = None
    log_level: Annotated[str | None, About("run", LEVEL, "info", "The least that `megaql run` logs.")] = None
    log_format: Annotated[
        str | None, About("run", FORMAT, "text", "How it logs: for people, or one object a line for programs.")
    ] = None
    log_exceptions: Annotated[
        str | None,
        About(
            "run",
            EXCEPTIONS,
            "types",
            "What it says of exceptions: their types, or their text too, which may quote messages.",
        ),
    ] = None
    profile: Annotated[
        str | None, About("aws", PROFILE, "boto3's own", "Profile of the AWS configuration.", ("AWS_PROFILE",))
    ] = None
    region: Annotated[
        str | None,
        About("aws", REGION, "boto3's own", "Region of queues and topics.", ("AWS_REGION", "AWS_DEFAULT_REGION")),
    ] = None
    endpoint_url: Annotated[
        str | None,
        About(
            "aws",
            ENDPOINT,
            "boto3's own",
            "Another SQS and SNS endpoint, an emulator for example.",
            ("AWS_ENDPOINT_URL_SQS", "AWS_ENDPOINT_URL_SNS", "AWS_ENDPOINT_URL"),
        ),
    ] = None
    origins: Mapping[str, str] = field(default_factory=dict, repr=False)


def _settings() -> Iterator[Setting]:
    for name, hint in get_type_hints(Settings, include_extras=True).items():
        for about in getattr(hint, "__metadata__", ()):
            variables = about.variables or (f"MEGAQL_{name.upper()}",)
            yield Setting(name, about.table, about.kind, about.default, about.meaning, variables)


#: All settings, in the order in which people read of them.
SETTINGS: Final = tuple(_settings())
