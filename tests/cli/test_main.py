"""An interrupt ends the program with 130 and without a traceback, however early it comes."""

import subprocess
import sys

import pytest

#: Read by Python itself as it starts: it interrupts the process when a command begins to import what it needs.
_SITECUSTOMIZE = """\
import os, signal, sys

class Interrupting:
    def find_spec(self, name, path=None, target=None):
        if name == "typer":
            sys.meta_path.remove(self)
            {interrupt}

sys.meta_path.insert(0, Interrupting())
"""


@pytest.mark.parametrize(
    "interrupt",
    [
        pytest.param("signal.raise_signal(signal.SIGINT)", id="while importing"),
        pytest.param("exec('signal.raise_signal(signal.SIGINT)')", id="within exec of a text"),
    ],
)
@pytest.mark.parametrize(
    "started", [["-m", "megaql.cli.main"], ["-c", "import sys; from megaql.cli.main import main; sys.exit(main())"]]
)
def test_an_early_interrupt(tmp_path, child_environ, interrupt, started):
    (tmp_path / "sitecustomize.py").write_text(_SITECUSTOMIZE.format(interrupt=interrupt))
    path = child_environ()["PYTHONPATH"]
    process = subprocess.run(
        [sys.executable, *started, "help"],
        env=child_environ({"PYTHONPATH": f"{tmp_path}:{path}"}),
        capture_output=True,
        text=True,
        check=False,
    )
    assert (process.returncode, process.stdout, process.stderr) == (130, "", "")
