"""Messages opened in the user's editor, one file each, on their way from one queue to another.

Editing takes minutes, and a lease seconds. So the messages are given back before the editor starts, and what it made of them becomes a plan: ids, hashes, new bodies. A
maintainer keeps two rules: what was not changed keeps its body byte for byte; and what a file holds that is no payload any more is never sent.
"""

from __future__ import annotations

import shlex
import shutil
import subprocess
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from megaql.cli.bulk import account
from megaql.cli.bulk.dryrun import plan_of
from megaql.cli.messages.showing import begin, private_file
from megaql.cli.reading.source import agreed, reading
from megaql.cli.status import Status
from megaql.cli.terminal.amounts import messages
from megaql.cli.terminal.style import harmless
from megaql.codec.formats import Unreadable, read_json
from megaql.codec.writers import write_json
from megaql.errors import MegaQLError
from megaql.scan.bulk.engine import BulkRun
from megaql.scan.bulk.plan import Planned, PlanWriter, body_hash
from megaql.scan.rewriting import with_document

if TYPE_CHECKING:
    from megaql.broker.message import Message
    from megaql.cli.bulk.order import Prepared
    from megaql.cli.environment import Environment
    from megaql.scan.bulk.plan import Plan
    from megaql.scan.rewriting import Document

#: Messages that an editor is given: as many files as anyone wants to see at once.
MOST: Final = 20


def edited_plan(job: Prepared) -> Plan:
    """Read the messages an order is about, give them back, let the user edit them, and return the plan of those that are to be sent."""
    limit = min(job.work.limit or MOST, MOST)
    wanted = replace(job.wanted, budget=replace(job.wanted.budget, limit=limit))
    with reading(job.world, job.ends.source, job.connection, wanted, looked=job.looked) as now:
        found = list(BulkRun(replace(job.work, limit=limit), now.scan, now.stop).look())
    if now.stop:
        raise KeyboardInterrupt
    plan = plan_of(job)
    plan.edits = {
        name: texts
        for name, given in plan.edits.items()
        if (texts := [text for text in given if text.startswith("@attributes")])
    }
    if not found:
        return plan
    folder = Path(tempfile.mkdtemp(prefix="megaql-"))  # 0700
    try:
        files = {
            _write(folder, number, changed): (message, changed) for number, (message, changed) in enumerate(found, 1)
        }
        _until_readable(job.world, files)
        for path, (message, changed) in files.items():
            if (body := _body(path, changed)) is not None:
                plan.messages[message.id] = Planned(body_hash(message), body)
                _keep(job, plan, message, body)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    if job.order.plan is not None:
        _store(job, plan, found)
    return plan


def tell(job: Prepared, plan: Plan) -> int:
    """Say what was edited, where nothing is applied."""
    if not plan.messages:
        account.say(job.world, "no message is left to be sent; nothing was sent or deleted")
    else:
        account.say(
            job.world,
            f"{messages(len(plan.messages))} in the plan {harmless(job.order.plan or '')}; "
            "the same command with --plan and --apply sends them, and those only",
        )
    return Status.DONE


def _keep(job: Prepared, plan: Plan, message: Message, body: str) -> None:
    """A message that is as it was needs no body of its own in the plan."""
    if body == message.body and job.work.plan is None:
        plan.messages[message.id] = Planned(body_hash(message))


def _store(job: Prepared, plan: Plan, found: list[tuple[Message, Message]]) -> None:
    with private_file(job.order.plan or "") as file:
        begin(file)
        writer = PlanWriter(file, plan)
        for message, _ in found:
            if (planned := plan.messages.get(message.id)) is not None:
                writer.add(message, planned.body)


def _write(folder: Path, number: int, message: Message) -> Path:
    """Write what a person edits of a message: the document, laid out, or the text."""
    text, suffix = _editable(message)
    path = folder / f"{number:02}-{message.id[:8]}.{suffix}"
    path.write_text(text, encoding="utf-8")
    return path


def _editable(message: Message) -> tuple[str, str]:
    match message.decoded.format:
        case "json":
            return laid_out(write_json(_document(message))) + "\n", "json"
        case "text" if not message.decoded.envelopes:
            return message.body, "txt"
        case _:
            raise MegaQLError(
                "This message cannot be edited in an editor",
                where=message.id,
                why="its body is no JSON and no plain text",
                hint="leave it out with -w, or change parts of it with --set and --unset",
            )


def _document(message: Message) -> Document:
    """Return the document of a message as it was sent."""
    kept: list[Document] = []

    def look(document: Document) -> bool:
        kept.append(document)
        return False

    with_document(message, look)
    return kept[0]


def _until_readable(world: Environment, files: dict[Path, tuple[Message, Message]]) -> None:
    """Open the editor, again as long as a file is no JSON any more and the user wants to go on."""
    command = shlex.split(world.environ.get("VISUAL") or world.environ.get("EDITOR") or "vi")
    paths = list(files)
    while paths:
        try:
            done = subprocess.run([*command, *map(str, paths)], check=False)  # noqa: S603 - the user's own editor
        except OSError as error:
            raise MegaQLError(
                "The editor cannot be started",
                where=command[0],
                why=error.strerror or type(error).__name__,
                hint="set VISUAL or EDITOR to one that is there; nothing was sent or deleted",
            ) from None
        if done.returncode:
            raise MegaQLError(
                f"The editor ended with status {done.returncode}",
                where=command[0],
                why="that says that the edits are not to be used",
                hint="nothing was sent or deleted",
            )
        wrong = {path: why for path in paths if (why := _fault(path))}
        for path, why in wrong.items():
            world.say(f"{path.name}: {why}")
        if wrong and not agreed(world, "Edit again?"):
            raise MegaQLError(
                "An edited message is no JSON",
                where=next(iter(wrong)).name,
                why=next(iter(wrong.values())),
                hint="nothing was sent or deleted",
            )
        paths = list(wrong)


def _fault(path: Path) -> str:
    """Say why an edited file cannot be sent; nothing for one that can be, or that was emptied or removed."""
    if path.suffix != ".json" or not (text := _text(path)):
        return ""
    try:
        read_json(text)
    except Unreadable as error:
        return str(error)
    return ""


def _text(path: Path) -> str:
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return ""
    except (OSError, UnicodeDecodeError) as error:
        raise MegaQLError("An edited file cannot be read", where=path.name, why=type(error).__name__) from None
    return text if path.suffix == ".txt" else text.strip()


def _body(path: Path, message: Message) -> str | None:
    """Return the body that a file stands for: the message's own where nothing was changed, None where the file is empty or gone."""
    text = _text(path)
    if not text.strip():
        return None
    if path.suffix == ".txt":
        return text
    new = read_json(text)

    def change(document: Document) -> bool:
        if write_json(document) == write_json(new):
            return False
        _replace(document, new)
        return True

    changed = with_document(message, change)
    return message.body if changed is None else changed.body


def _replace(document: Document, new: Document) -> None:
    if isinstance(document, dict) and isinstance(new, dict):
        document.clear()
        document.update(new)
    elif isinstance(document, list) and isinstance(new, list):
        document[:] = new
    else:
        raise MegaQLError(
            "An edited message is of another kind than it was",
            why="an object stays an object, and an array an array",
            hint="nothing was sent or deleted",
        )


def laid_out(text: str) -> str:
    """Return compact JSON over many lines, its numbers and strings as they are written."""
    parts: list[str] = []
    depth, quoted, escaped = 0, False, False
    for at, char in enumerate(text):
        if quoted:
            parts.append(char)
            quoted = escaped or char != '"'
            escaped = char == "\\" and not escaped
        elif char in "{[":
            depth += 1
            parts.append(char if text[at + 1] in "}]" else f"{char}\n{'  ' * depth}")
        elif char in "}]":
            depth -= 1
            parts.append(char if text[at - 1] in "{[" else f"\n{'  ' * depth}{char}")
        else:
            quoted = char == '"'
            parts.append({",": f",\n{'  ' * depth}", ":": ": "}.get(char, char))
    return "".join(parts)
