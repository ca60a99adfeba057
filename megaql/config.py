"""Where settings come from: the environment, then `megaql.toml`; arguments come before both, and whoever has them sees to that.

A maintainer keeps two rules. What is wrong in a file or a variable is an error that says which line or variable, before anything is done with a
queue. And the file belongs to whoever works in the directory: one that somebody else could have put there is refused.

    MEGAQL_CONFIG                        a file, which has to be there
    megaql.toml                          in the current directory, else in the nearest directory above it
    $XDG_CONFIG_HOME/megaql/megaql.toml  the user's own (~/.config; Application Support on macOS, %APPDATA% on Windows)
"""

from __future__ import annotations

import os
import re
import stat
import sys
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from megaql.errors import ConfigError, MegaQLError
from megaql.settings import A_PATH, SETTINGS, Setting, Settings

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

#: The name of the file.
NAME: Final = "megaql.toml"

#: The variable that names another one.
VARIABLE: Final = "MEGAQL_CONFIG"

#: Tables whose keys are the user's own: their names are checked here, what is in them by whoever reads them.
OPEN_TABLES: Final = ("aliases", "protected")

#: Why a name that is not known is an error.
_UNREAD: Final = "nobody reads it, so that what it says would not be in force"

_TABLES: Final = tuple(dict.fromkeys(setting.table for setting in SETTINGS))

_HEAD: Final = re.compile(r"""[ \t]*\[[ \t]*([\w"'-]+)""")
_KEY: Final = re.compile(r"""[ \t]*([\w-]+|"[^"]*"|'[^']*')[ \t]*[=.]""")

#: Where a file names credentials that the environment names already, they are not asked for again.
_CREDENTIALS: Final = ("AWS_ACCESS_KEY_ID", "AWS_PROFILE")


@dataclass(frozen=True, slots=True)
class ConfigFile:
    """A file that was read: its tables as they stand, and where things are in it."""

    path: Path | None = None
    text: str = ""
    tables: Mapping[str, Any] = field(default_factory=dict)

    def table(self, name: str) -> Mapping[str, Any]:
        """Return a table, empty where the file has none; `ConfigError` where it is something else."""
        found = self.tables.get(name, {})
        if not isinstance(found, dict):
            raise ConfigError(
                f"{name} is not a table", where=self.where("", name), hint=f"write [{name}] on a line of its own"
            )
        return MappingProxyType(found)

    def where(self, table: str, key: str = "") -> str:
        """Return the file and the line of a key, or of a table's head, as an error's second part; what is in no table has the table `""`."""
        line = self._line(table, key)
        return f"{self.path}, line {line}" if line else str(self.path or "")

    def _line(self, table: str, key: str) -> int | None:
        """Return the line of a key, `None` where it is written in an unusual way: tomllib does not tell, so the text is asked."""
        inside = ""
        for number, line in enumerate(self.text.split("\n"), 1):
            head, found = _HEAD.match(line), _KEY.match(line)
            inside = head[1].strip("\"'") if head else inside
            name = found[1].strip("\"'") if found else ""
            if inside == table and (name == key if found else head and not key):
                return number
        return None


def load(environ: Mapping[str, str] = os.environ, here: Path | None = None) -> tuple[Settings, ConfigFile]:
    """Return what the environment and the file say, and the file itself for its other tables; `here` is the current directory."""
    read = read_file(environ, here)
    _check_names(read)
    values: dict[str, Any] = {}
    origins: dict[str, str] = {}
    for setting in SETTINGS:
        for source in (_of_environment(setting, environ), _of_file(setting, read, environ)):
            if source is not None:
                values[setting.name], origins[setting.name] = source
                break
    return Settings(**values, origins=MappingProxyType(origins)), read


def read_file(environ: Mapping[str, str] = os.environ, here: Path | None = None) -> ConfigFile:
    """Return the file that holds here, an empty one where there is none; `ConfigError` for one that cannot be read."""
    path = find(environ, here)
    if path is None:
        return ConfigFile()
    import tomllib  # noqa: PLC0415 - most runs have no file

    try:
        text = path.read_bytes().decode()
        return ConfigFile(path, text, tomllib.loads(text))
    except OSError as error:
        raise ConfigError(
            "the configuration file cannot be read",
            where=str(path),
            why=error.strerror or type(error).__name__,
            hint=f"{VARIABLE} names another one",
        ) from None
    except UnicodeDecodeError as error:
        raise ConfigError(
            "the configuration file is not UTF-8", where=f"{path}, byte {error.start + 1}", hint="save it as UTF-8"
        ) from None
    except tomllib.TOMLDecodeError as error:
        why, _, place = str(error).rpartition(" (at ")
        line = place.rstrip(")") if why else ""
        raise ConfigError(
            "the configuration file is not TOML",
            where=f"{path}, {line}" if line else str(path),
            why=why or str(error),
            hint='a line is a table, [run], or a key and a value: concurrency = 8, drain_timeout = "25s"',
        ) from None


def find(environ: Mapping[str, str] = os.environ, here: Path | None = None) -> Path | None:
    """Return the path of the file that holds here, `None` where there is none."""
    named = environ.get(VARIABLE)
    if named:
        path = Path(named).expanduser()
        if not path.exists():
            raise ConfigError(
                "there is no such configuration file", where=f"{VARIABLE}={named}", hint=f"unset {VARIABLE}, or make it"
            )
        return path
    here = here or Path.cwd()
    for folder in (here, *here.parents):
        if (folder / NAME).is_file():
            return _trusted(folder / NAME)
    own = own_file(environ)
    return own if own is not None and own.is_file() else None


@contextmanager
def said_at(origin: str | None) -> Iterator[None]:
    """Let an error about a setting's value say where the value stands, too; `origin` is `Settings.origins`'s word for it."""
    try:
        yield
    except MegaQLError as error:
        if origin:
            error.where = f"{error.where}, by {origin}" if error.where else origin
        raise


def own_file(environ: Mapping[str, str]) -> Path | None:
    """Return the path of the user's own file, whether there is one or not; `None` for a user without a home."""
    try:
        home = Path(environ["HOME"]) if environ.get("HOME") else Path.home()
    except RuntimeError:
        return None
    if sys.platform == "darwin":
        return home / "Library" / "Application Support" / "megaql" / NAME
    if sys.platform == "win32":
        return Path(environ.get("APPDATA") or home / "AppData" / "Roaming") / "megaql" / NAME
    return Path(environ.get("XDG_CONFIG_HOME") or home / ".config") / "megaql" / NAME


def _trusted(path: Path) -> Path:
    """Refuse a file of somebody else's in a directory that everybody writes to, such as /tmp: it could lead messages anywhere."""
    if hasattr(os, "getuid") and path.parent.stat().st_mode & stat.S_IWOTH:
        owner = path.stat().st_uid
        if owner not in {0, os.getuid()}:
            raise ConfigError(
                "the configuration file is somebody else's",
                where=str(path),
                why="everybody may write to its directory, and it may say where messages go",
                hint=f"if it is meant, say so: {VARIABLE}={path}",
            )
    return path


def _of_environment(setting: Setting, environ: Mapping[str, str]) -> tuple[Any, str] | None:
    """Return a setting's value in the environment and where it stands; boto3 reads its own variables itself."""
    if setting.table == "aws":
        return None
    for variable in setting.variables:
        if text := environ.get(variable):
            try:
                return setting.kind.of_text(text), variable
            except ValueError as error:
                raise ConfigError(
                    f"{variable} is not {setting.kind.called}",
                    where=f"the environment variable {variable}",
                    why=str(error),
                    hint=f"for example {variable}={setting.kind.example}",
                ) from None
    return None


def _of_file(setting: Setting, read: ConfigFile, environ: Mapping[str, str]) -> tuple[Any, str] | None:
    """Return a setting's value in the file and where it stands, unless boto3 finds one in the environment."""
    table = read.table(setting.table)
    if setting.name not in table:
        return None
    where = read.where(setting.table, setting.name)
    try:
        value = setting.kind.of_file(table[setting.name])
    except ValueError as error:
        raise ConfigError(
            f"{setting.name} is not {setting.kind.called}",
            where=where,
            why=str(error),
            hint=f"for example {setting.name} = {setting.kind.written}",
        ) from None
    if setting.table == "aws":
        before = (*setting.variables, *(_CREDENTIALS if setting.name == "profile" else ()))
        if any(environ.get(variable) for variable in before):
            return None
    if setting.kind.called == A_PATH and read.path is not None:
        value = str(
            read.path.parent / Path(str(value)).expanduser()
        )  # from where the file is, whoever reads it from wherever
    return value, where


def _check_names(read: ConfigFile) -> None:
    """Refuse tables and keys that nobody reads: a misspelt one would be a setting that is silently not in force."""
    for name, value in read.tables.items():
        if name in OPEN_TABLES:
            read.table(name)
            continue
        if name not in _TABLES:
            raise _unknown_table(read, name, value)
        known = [setting.name for setting in SETTINGS if setting.table == name]
        for key in read.table(name):
            if key not in known:
                elsewhere = next((setting.table for setting in SETTINGS if setting.name == key), "")
                raise ConfigError(
                    f"there is no setting {key!r} in [{name}]",
                    where=read.where(name, key),
                    why=_UNREAD,
                    hint=f"it belongs into [{elsewhere}]" if elsewhere else _meant(key, known, "its settings are"),
                )


def _unknown_table(read: ConfigFile, name: str, value: object) -> ConfigError:
    home = next((setting.table for setting in SETTINGS if setting.name == name), "")
    if home:
        return ConfigError(
            f"{name} stands outside of its table",
            where=read.where("", name),
            why=_UNREAD,
            hint=f"put it under [{home}]",
        )
    if isinstance(value, dict):
        hint = _meant(name, [*_TABLES, *OPEN_TABLES], "the tables are")
        return ConfigError(f"there is no table [{name}]", where=read.where(name), why=_UNREAD, hint=hint)
    hint = _meant(name, [setting.name for setting in SETTINGS], "the settings are")
    return ConfigError(f"there is no setting {name!r}", where=read.where("", name), why=_UNREAD, hint=hint)


def _meant(name: str, known: Sequence[str], otherwise: str) -> str:
    import difflib  # noqa: PLC0415 - only a mistake needs it

    near = difflib.get_close_matches(name.lower().replace("-", "_"), known, n=1)
    return f"did you mean {near[0]}?" if near else f"{otherwise} {', '.join(known)}"
