"""Finding a user's App by `MODULE:APP`, and telling what is wrong with the module in terms of its own code.

A maintainer keeps one rule: of a traceback only the user's frames are shown; how MegaQL got there is nobody's business.
"""

from __future__ import annotations

import difflib
import importlib
import re
import sys
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from megaql.errors import ConsumerError, MegaQLError

if TYPE_CHECKING:
    from types import ModuleType

    from megaql.consumer.app import App

#: The App's name in its module where the command line gives none.
DEFAULT_NAME: Final = "app"

#: Frames of the user's code that are shown, the innermost last.
SHOWN_FRAMES: Final = 4

#: A module and an App in it; no query has this form, for a colon stands in none without a quantifier.
_APP: Final = re.compile(r"[\w./-]+:\w*")


def names_app(text: str) -> bool:
    """Say whether a word has the form of MODULE:APP, be there such a module or not."""
    return _APP.fullmatch(text) is not None


def load_app(text: str) -> App:
    """Import the module and return its App; `ConsumerError` says what is missing or does not import.

    The current directory comes first on the path, as for `python -m`.
    """
    from megaql.consumer.app import App  # noqa: PLC0415 - what the module will import in any case

    name, _, attribute = text.partition(":")
    if name.endswith(".py") or "/" in name:
        dotted = name.removesuffix(".py").replace("/", ".").strip(".")
        raise ConsumerError(
            f"{name!r} is a file, and a module is needed",
            where="MODULE:APP",
            hint=f"write {dotted}:{attribute or DEFAULT_NAME}",
        )
    if not name:
        raise ConsumerError(
            f"{text!r} names no module", where="MODULE:APP", hint="write the module before the colon: shop.handlers:app"
        )
    module = _imported(name)
    attribute = attribute or DEFAULT_NAME
    found = getattr(module, attribute, None)
    if isinstance(found, App):
        return found
    apps = sorted(other for other, value in vars(module).items() if isinstance(value, App))
    raise ConsumerError(
        f"{name} has no App named {attribute!r}"
        if found is None
        else f"{name}:{attribute} is no App; its type is {type(found).__name__}",
        where=str(getattr(module, "__file__", "") or name),
        hint=f"write {name}:{apps[0]}" if apps else f"make one: {attribute} = megaql.App(…)",
    )


def _imported(name: str) -> ModuleType:
    here = str(Path.cwd())
    if here not in sys.path:
        sys.path.insert(0, here)
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name is not None and (name == error.name or name.startswith(f"{error.name}.")):
            raise _no_module(name, here) from None
        raise _broken(name, error) from None
    except (Exception, SystemExit) as error:  # noqa: BLE001 - a user's module may raise anything
        raise _broken(name, error) from None


def _no_module(name: str, here: str) -> ConsumerError:
    modules = sorted(
        {path.stem for path in Path(here).glob("*.py")}
        | {path.parent.name for path in Path(here).glob("*/__init__.py")}
    )
    near = difflib.get_close_matches(name, modules, n=1)
    return ConsumerError(
        f"There is no module named {name!r}",
        where=here,
        why="it is neither in the current directory nor installed",
        hint=f"did you mean {near[0]}?" if near else "run megaql in the directory that holds the module, or install it",
    )


def _broken(name: str, error: BaseException) -> ConsumerError:
    """Return what keeps a module from being imported, at the user's own line."""
    frames = _frames(error)
    where = frames[-1] if frames else name
    if isinstance(error, SyntaxError) and error.filename:
        where = f"{error.filename}, line {error.lineno}"
    earlier = "".join(f"\n         called from {frame}" for frame in reversed(frames[:-1]))
    return ConsumerError(
        f"The module {name} does not import",
        where=f"{where}{earlier}",
        why=_reason(error).replace("\n", "\n       "),
        hint="correct that line; `python -c 'import " + name + "'` shows the whole traceback",
    )


def _reason(error: BaseException) -> str:
    if isinstance(error, MegaQLError):
        return str(error)
    if isinstance(error, SystemExit):
        return 'it ends the program; put what does so under `if __name__ == "__main__":`'
    text = error.msg if isinstance(error, SyntaxError) else str(error)
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def _frames(error: BaseException) -> list[str]:
    """Return the user's frames of a traceback, the innermost last; those of the import system and of MegaQL left out."""
    from megaql.consumer.raised import OURS  # noqa: PLC0415 - only a module that cannot be imported needs it

    shown = []
    for frame in traceback.extract_tb(error.__traceback__):
        if frame.filename.startswith("<") or str(Path(frame.filename).resolve()).startswith(OURS) or _is_import(frame):
            continue
        shown.append(f"{frame.filename}, line {frame.lineno}, in {frame.name}")
    return shown[-SHOWN_FRAMES:]


def _is_import(frame: Any) -> bool:
    return Path(frame.filename).parent.name == "importlib"
