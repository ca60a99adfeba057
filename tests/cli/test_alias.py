"""`megaql alias`: short names in megaql.toml, usable wherever a place is, and the file otherwise as it was."""

import json
import stat

import pytest

from megaql.broker.queue import Queue
from megaql.cli.configuration import configedit


@pytest.fixture
def file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path / "megaql.toml"


def test_set_shown_changed_and_removed(megaql, file):
    file.write_text("# ours\n[run]\nconcurrency = 8 # eight\n")
    assert megaql("alias", "dead", "local:orders-dlq").err == f"set dead = local:orders-dlq in {file}\n"
    assert file.read_text() == '# ours\n[run]\nconcurrency = 8 # eight\n\n[aliases]\ndead = "local:orders-dlq"\n'
    assert megaql("alias", "dead").out == "local:orders-dlq\n"
    assert megaql("alias", "shop", "arn:aws:sns:eu-west-1:123456789012:shop").status == 0
    assert megaql("alias", tty=True).lines == [
        "NAME  STANDS FOR",
        "dead  local:orders-dlq",
        "shop  arn:aws:sns:eu-west-1:123456789012:shop",
    ]
    assert "changed dead" in megaql("alias", "dead", "local:other").err
    assert json.loads(megaql("alias").lines[0]) == {"name": "dead", "target": "local:other"}
    assert megaql("alias", "shop", "--remove").status == 0
    assert megaql("alias", "dead", "--remove").status == 0
    assert file.read_text() == "# ours\n[run]\nconcurrency = 8 # eight\n\n[aliases]\n"


def test_without_a_file_the_users_own_is_made(megaql, file, tmp_path):
    own = tmp_path / "config" / "megaql" / "megaql.toml"
    environ = {"XDG_CONFIG_HOME": str(tmp_path / "config"), "NO_COLOR": "1"}
    assert megaql("alias", "a", "local:orders", environ=environ).status == 0
    assert own.read_text() == '[aliases]\na = "local:orders"\n'
    assert megaql("alias", "a", environ=environ).out == "local:orders\n"
    assert not file.exists()


@pytest.mark.parametrize(
    "words",
    [
        ["peek", "o", "-o", "body"],
        ["explain", "event.name == 'a.b'", "o", "--limit", "1"],
        ["stats", "o", "-o", "json"],
        ["schema", "o", "-o", "json"],
        ["snapshot", "o", "-o", "saved.ndjson"],
        ["info", "o"],
        ["publish", "o", "--event", "c.d"],
        ["copy", "o", "p"],
        ["move", "o", "p"],
        ["redrive", "o", "--to", "p"],
        ["delete", "o"],
    ],
    ids=lambda words: words[0],
)
@pytest.mark.usefixtures("file")
def test_an_alias_stands_for_a_queue_in_every_command(megaql, words):
    Queue.open("local:other", create=True)
    megaql("publish", "local:orders", "--event", "a.b")
    megaql("alias", "o", "local:orders")
    megaql("alias", "p", "local:other")
    result = megaql(*words)
    assert result.status == 0, result.err
    assert "region" not in result.err


@pytest.mark.usefixtures("file")
def test_an_alias_stands_for_a_file_too(megaql, events):
    megaql("alias", "saved", events)
    assert megaql("peek", "saved", "-o", "raw").out == megaql("peek", events, "-o", "raw").out


@pytest.mark.usefixtures("file")
def test_what_is_protected_stays_so_under_another_name(megaql, file):
    file.write_text('[protected]\n"orders" = "the live queue"\n')
    megaql("publish", "local:orders", "--event", "a.b")
    megaql("alias", "o", "local:orders")
    result = megaql("delete", "o", "--apply", "--yes")
    assert (result.status, "the live queue" in result.err) == (3, True)


@pytest.mark.parametrize(
    ("words", "part"),
    [
        (["a.b", "local:orders"], "cannot be an alias"),
        (["a", "ftp:orders"], "is not a queue or a topic"),
        (["a", "a"], "would stand for itself"),
        (["a", "-"], "standard input"),
        (["ded"], "did you mean dead?"),
        (["none", "--remove"], "there is no alias 'none'"),
        (["--remove"], "it takes the name"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_wrong_use(megaql, file, words, part):
    file.write_text('[aliases]\ndead = "local:orders-dlq"\n')
    result = megaql("alias", *words)
    assert (result.status, result.out) == (2, "")
    assert part in result.err
    assert file.read_text() == '[aliases]\ndead = "local:orders-dlq"\n'


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("[aliases]\na = 5\n", "megaql.toml, line 2"),
        ('[aliases]\na = "b"\nb = "local:orders"\n', "b is an alias itself"),
        ("aliases = 3\n", "aliases is not a table"),
    ],
    ids=["number", "chain", "table"],
)
def test_an_alias_that_names_no_place(megaql, file, text, part):
    file.write_text(text)
    result = megaql("peek", "a")
    assert (result.status, part in result.err) == (2, True), result.err


def test_a_file_laid_out_otherwise_is_left_alone(megaql, file):
    text = 'aliases = { a = "local:orders" }\n'
    file.write_text(text)
    result = megaql("alias", "b", "local:other")
    assert (result.status, file.read_text()) == (2, text)
    assert 'write it yourself: b = "local:other"' in result.err


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[aliases]",
        "[aliases]\n# mine\n\nb = 'local:b' # two\n\n[run]\nconcurrency = 1\n",
        "[run]\r\nconcurrency = 1\r\n",
        "[aliases] # names\r\n\r\n",
        '[protected]\n"*-prod" = true\n\n\n',
    ],
)
def test_an_edit_changes_one_line_and_can_be_undone(text):
    with_one = configedit.edited(text, "aliases", "a", 'say "é"')
    assert with_one is not None
    kept = [line for line in text.splitlines() if line.strip()]
    assert [line for line in with_one.splitlines() if line in kept] == kept
    changed = configedit.edited(with_one, "aliases", "a", "local:x")
    assert 'a = "local:x"' in changed.splitlines()
    assert [line for line in configedit.edited(changed, "aliases", "a", None).splitlines() if line in kept] == kept


def test_a_comment_stays_behind_its_line():
    assert configedit.edited('[aliases]\na = "x" # why\n', "aliases", "a", "y") == '[aliases]\na = "y" # why\n'


def test_a_multiline_value_is_not_torn_apart():
    assert configedit.edited('[aliases]\na = """\nx"""\n', "aliases", "a", "y") is None


def test_mode_and_link_stay(megaql, file, tmp_path):
    real = tmp_path / "real.toml"
    real.write_text("[aliases]\n")
    real.chmod(0o640)
    file.symlink_to(real)
    assert megaql("alias", "a", "local:orders").status == 0
    assert file.is_symlink()
    assert stat.S_IMODE(real.stat().st_mode) == 0o640
    assert sorted(path.name for path in tmp_path.iterdir()) == ["megaql.toml", "real.toml"]
