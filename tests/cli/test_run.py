"""`megaql run`: finding the application, running it, and telling what is wrong with a user's module in their own lines."""

import json
import os
import signal
import subprocess
import sys
import textwrap

import pytest

from megaql.broker.queue import Queue
from megaql.cli.queries import loading
from megaql.errors import ConsumerError


@pytest.fixture
def project(tmp_path):
    """A user's directory; the function writes a module into it."""

    def write(name, text):
        path = tmp_path / f"{name}.py"
        path.write_text(textwrap.dedent(text))
        return tmp_path

    return write


HANDLERS = """
    import megaql

    app = megaql.App("local:orders")
    other = 5

    @app.subscribe('event.name == "item.added"')
    def reserve(event, message):
        print("reserved", event.attributes["n"], flush=True)
"""


def test_messages_are_handled_until_the_queue_is_empty(shell, megaql, project):
    for number in range(3):
        megaql("publish", "local:orders", "--event", "item.added", "-s", f"n={number}")
    done = shell("run", "handlers:app", "--once", cwd=project("handlers", HANDLERS))
    assert (done.status, sorted(done.lines)) == (0, ["reserved 0", "reserved 1", "reserved 2"])
    assert "received 3, handled 3; stopped: the queue was empty" in done.err
    assert Queue.open("local:orders").info().visible == 0


def test_a_target_takes_the_place_of_the_applications_own(shell, megaql, project):
    megaql("publish", "local:elsewhere", "--event", "item.added", "-s", "n=7")
    done = shell("run", "handlers", "local:elsewhere", "--limit", "1", cwd=project("handlers", HANDLERS))
    assert (done.status, done.lines) == (0, ["reserved 7"])


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--processes", "0"], "0 is too small: the least is 1"),
        (["--liveness-port", "70000"], "70000 is too large: the most is 65535"),
        (["--restart-after", "5"], "did you mean 5s?"),
    ],
)
def test_an_option_that_cannot_be(megaql, options, said):
    done = megaql("run", "handlers:app", *options)
    assert done.status == 2
    assert said in done.err
    assert f"where: megaql run, {options[0]}\n" in done.err


def test_sigterm_ends_in_order(megaql, project, child_environ):
    megaql("publish", "local:orders", "--event", "item.added", "-s", "n=1")
    process = subprocess.Popen(
        [sys.executable, "-m", "megaql.cli.main", "run", "handlers:app"],
        cwd=project("handlers", HANDLERS),
        env=child_environ(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout.readline() == "reserved 1\n"
    process.send_signal(signal.SIGTERM)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 143
    assert "received 1, handled 1; stopped: it was asked to stop" in err
    assert "Traceback" not in err


def test_log_lines_show_the_users_frames_only(shell, megaql, project):
    megaql("publish", "local:orders", "--event", "item.added", "-s", "n=1")
    folder = project(
        "handlers",
        """
        import megaql

        app = megaql.App("local:orders")

        @app.subscribe('event.name == "item.added"')
        def reserve(event, message):
            raise LookupError("no such item")
        """,
    )
    done = shell("run", "handlers:app", "--limit", "1", cwd=folder)
    assert "LookupError" in done.err
    assert f"{folder / 'handlers.py'}:8 in reserve" in done.err
    assert "megaql/consumer" not in done.err
    assert "retried 1" in done.err


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("import nosuchmodule\n", ["ModuleNotFoundError", "handlers.py, line 1"]),
        ("def broken(:\n", ["SyntaxError", "handlers.py, line 1"]),
        ("x = 1\nboom = {}['key']\n", ["KeyError", "handlers.py, line 2, in <module>"]),
        ("raise SystemExit(3)\n", ["it ends the program", "handlers.py, line 1"]),
        (
            "import megaql\napp = megaql.App('local:orders')\n\n@app.subscribe('event.name = \"a\"')\ndef a(event): ...\n",
            ["did you mean '=='?", "^ replace with ==", "handlers.py, line 4"],
        ),
        ("app = 5\n", ["handlers:app is no App; its type is int"]),
        (
            "import megaql\nshop = megaql.App('local:orders')\n",
            ["handlers has no App named 'app'", "write handlers:shop"],
        ),
    ],
    ids=["missing import", "syntax", "exception", "exit", "query", "no App", "another name"],
)
def test_a_module_that_cannot_be_used(shell, project, text, expected):
    folder = project("handlers", "")
    (folder / "handlers.py").write_text(text)
    done = shell("run", "handlers:app", cwd=folder)
    assert (done.status, done.out) == (2, "")
    assert done.err.startswith("error: ")
    assert [part for part in expected if part not in done.err] == []
    assert "Traceback" not in done.err
    assert "importlib" not in done.err


def test_an_error_in_a_module_that_it_imports_is_found_there(shell, project):
    project("stock", "raise ValueError('no stock')\n")
    folder = project("handlers", "import stock\n")
    done = shell("run", "handlers:app", cwd=folder)
    assert f"where: {folder / 'stock.py'}, line 1, in <module>" in done.err
    assert f"called from {folder / 'handlers.py'}, line 1, in <module>" in done.err


def test_a_module_that_is_not_there(shell, project):
    done = shell("run", "handler:app", cwd=project("handlers", HANDLERS))
    assert done.status == 2
    assert "There is no module named 'handler'" in done.err
    assert "did you mean handlers?" in done.err


def test_a_file_name_is_answered_with_the_module_name():
    with pytest.raises(ConsumerError) as caught:
        loading.load_app("shop/handlers.py:main")
    assert caught.value.hint == "write shop.handlers:main"


def test_a_missing_queue(shell, project):
    done = shell("run", "handlers:app", "local:nowhere", cwd=project("handlers", HANDLERS))
    assert done.status == 5
    assert "local:nowhere does not exist" in done.err


def test_logging_that_the_module_set_up_is_left_alone(shell, megaql, project):
    megaql("publish", "local:orders", "--event", "item.added", "-s", "n=1")
    text = "\nimport logging\nlogging.basicConfig(format='MINE %(message)s', level='INFO')\n"
    folder = project("handlers", HANDLERS)
    (folder / "handlers.py").write_text((folder / "handlers.py").read_text() + text + "logging.info('loaded')\n")
    done = shell("run", "handlers:app", "--limit", "1", cwd=folder)
    assert "MINE loaded" in done.err
    assert os.linesep.join(done.lines) == "reserved 1"


LOGGED = """
    from datetime import timedelta

    import megaql
    from megaql.consumer.backoff import Backoff

    app = megaql.App("local:orders", backoff=Backoff(base=timedelta(minutes=1), random=lambda: 1.0))

    @app.subscribe('event.price > 10')
    def reserve(event, message):
        raise LookupError(f"no item {event.attributes['card']}")

    def parse(text):
        raise ValueError(f"cannot read {text}")

    @app.subscribe("price > 10", decoder=parse)
    def read(order): ...
"""


def logged(shell, folder, *options):
    done = shell("run", "handlers:app", "--limit", "3", "--log-format", "json", *options, cwd=folder)
    return done, [json.loads(line) for line in done.err.splitlines()]


def test_json_logs_are_one_object_a_line_and_quote_no_message(shell, megaql, project):
    megaql("publish", "local:orders", "--event", "item.added", "-s", "price=50", "-s", "card=4111-1111")
    megaql("publish", "local:orders", "--event", "item.added", "-s", "price=abc")
    megaql("publish", "local:orders", "--text", "4111-1111")
    done, records = logged(shell, project("handlers", LOGGED))
    assert (done.status, done.out) == (0, "")
    assert "4111" not in done.err
    errors = {record["error"]["type"]: record for record in records if "error" in record}
    assert errors["LookupError"]["subscription"] == "reserve"
    assert errors["LookupError"]["error"]["where"].endswith("handlers.py:11 in reserve")
    assert any("the decoder parse raised ValueError at" in record["message"] for record in records)
    assert records[-1]["report"]["received"] == 3
    assert records[-1]["report"]["stopped"] == "limit"
    assert {
        "subscription": "reserve",
        "clause": "event.price > 10",
        "reason": "event.price is a string, not a number",
        "count": 1,
    } in records[-1]["report"]["unknown_causes"]


@pytest.mark.parametrize("form", ["text", "json"])
@pytest.mark.parametrize("setting", ["option", "variable", "file"])
def test_what_exceptions_say_is_logged_for_who_asks(*, shell, megaql, project, form, setting):
    megaql("publish", "local:orders", "--event", "item.added", "-s", "price=50", "-s", "card=4111")
    folder = project("handlers", LOGGED)
    options = ["run", "handlers:app", "--limit", "1", "--log-format", form]
    if setting == "file":
        (folder / "megaql.toml").write_text('[run]\nlog_exceptions = "text"\n')
    options += ["--log-exceptions", "text"] if setting == "option" else []
    environ = {"MEGAQL_LOG_EXCEPTIONS": "text"} if setting == "variable" else {}
    assert "no item 4111" in shell(*options, cwd=folder, environ=environ).err


def test_logs_for_people_do_not_quote_exceptions(shell, megaql, project):
    megaql("publish", "local:orders", "--event", "item.added", "-s", "price=50", "-s", "card=4111")
    done = shell("run", "handlers:app", "--limit", "1", cwd=project("handlers", LOGGED))
    assert "reserve raised LookupError on message" in done.err
    assert "\n         LookupError\n" in done.err
    assert "handlers.py:11 in reserve" in done.err
    assert "4111" not in done.err


def test_a_middleware_that_refuses_the_run_is_no_defect_of_megaqls(shell, megaql, project):
    megaql("local", "create", "local:orders")
    text = """
        import megaql

        class Database(megaql.Middleware):
            def before_run(self, queue):
                raise RuntimeError("no database for 4111")

        app = megaql.App("local:orders", middleware=[Database()])
        app.subscribe("exists n")(print)
        """
    folder = project("handlers", text)
    done = shell("run", "handlers:app", "--once", cwd=folder)
    assert done.status == 2
    assert done.err.splitlines()[-4:] == [
        "error: RuntimeError was raised, and ended the command",
        f"  where: {folder / 'handlers.py'}, line 6, in before_run",
        "  why: it is code that MegaQL called, and not MegaQL's own",
        "  next: correct it there; set MEGAQL_DEBUG=1 to see the whole traceback, with what the exception says",
    ]


def test_json_logs_mind_the_level(shell, megaql, project):
    megaql("publish", "local:orders", "--event", "item.added", "-s", "price=50", "-s", "card=1", "--count", "3")
    done, records = logged(shell, project("handlers", LOGGED), "--log-level", "error")
    assert done.status == 0
    assert {record["level"] for record in records} == {"error"}
