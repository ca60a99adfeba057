"""The distribution: built from the checkout, installed somewhere else, and used there."""

import os
import subprocess
import sys
import sysconfig
import tarfile
import zipfile
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).parents[2]

pytestmark = pytest.mark.timeout(400)


def run(*command, cwd, **environment):
    """Run a program outside the checkout and return its standard output; its errors show in a failing test."""
    clean = {name: value for name, value in os.environ.items() if name not in {"PYTHONPATH", "VIRTUAL_ENV"}}
    process = subprocess.run(
        [str(part) for part in command],
        capture_output=True,
        text=True,
        cwd=cwd,
        env={**clean, "PIP_DISABLE_PIP_VERSION_CHECK": "1", **environment},
        check=False,
    )
    assert process.returncode == 0, process.stdout[-4000:] + process.stderr[-4000:]
    return process.stdout


@pytest.fixture(scope="module")
def distributions(tmp_path_factory):
    """The source distribution, and the wheel that was built from it alone."""
    target = tmp_path_factory.mktemp("dist")
    run(sys.executable, "-m", "build", "--no-isolation", "--outdir", target, CHECKOUT, cwd=target)
    (sdist,) = target.glob("*.tar.gz")
    (wheel,) = target.glob("*.whl")
    return sdist, wheel


@pytest.fixture(scope="module")
def installed(distributions, tmp_path_factory):
    """The binary directory of a new environment with the wheel; it borrows the dependencies of the one that runs the tests."""
    home = tmp_path_factory.mktemp("elsewhere")
    environment = home / "venv"
    run(sys.executable, "-m", "venv", "--without-pip", environment, cwd=home)
    programs = environment / ("Scripts" if os.name == "nt" else "bin")
    site = run(programs / "python", "-c", "import sysconfig; print(sysconfig.get_path('purelib'))", cwd=home).strip()
    Path(site, "borrowed.pth").write_text(sysconfig.get_path("purelib") + "\n", encoding="utf-8")
    pip = (sys.executable, "-m", "pip", "--python", programs / "python")
    # Without --ignore-installed, pip would find the checkout that the tests' own environment may have installed, and stop there.
    run(*pip, "install", "--quiet", "--no-deps", "--no-index", "--ignore-installed", distributions[1], cwd=home)
    return programs


def test_the_wheel_holds_the_grammar_and_the_type_marker(distributions):
    names = zipfile.ZipFile(distributions[1]).namelist()
    assert "megaql/grammar/megaql.lark" in names
    assert "megaql/cli/survey/statspage.css" in names
    assert "megaql/cli/completion/completion.json" in names
    assert "megaql/py.typed" in names
    assert {name.split("/")[0] for name in names if ".dist-info" not in name and ".data/" not in name} == {"megaql"}


def test_the_source_distribution_can_be_worked_on(distributions):
    with tarfile.open(distributions[0]) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert {"grammar/megaql.lark", "pyproject.toml", "README.md", "tests/conftest.py", "docs/payloads.md"} <= names
    assert {name.partition("/")[0] for name in names if "/" in name} == {
        "megaql",
        "grammar",
        "tests",
        "examples",
        "docs",
    }


def test_an_installed_package_compiles_a_query(installed, tmp_path):
    program = """
import megaql
assert "elsewhere" in megaql.__file__, megaql.__file__
query = megaql.compile("event.name == $name", name="user.updated")
print(query, query.matches({"event": {"name": "user.updated"}}))
"""
    assert run(installed / "python", "-c", program, cwd=tmp_path) == 'event.name == "user.updated" True\n'


def test_pygments_finds_the_lexer_of_an_installed_package(installed, tmp_path):
    program = """
from pygments.lexers import get_lexer_by_name, get_lexer_for_filename
print(get_lexer_by_name("megaql").name, get_lexer_for_filename("shop.mql").name)
"""
    assert run(installed / "python", "-c", program, cwd=tmp_path) == "MegaQL MegaQL\n"


def test_man_finds_the_page_of_an_installed_command(installed):
    page = installed.parent / "share" / "man" / "man1" / "megaql.1"
    assert page.read_text(encoding="utf-8").startswith(".TH MEGAQL 1 ")


def test_an_installed_command_shows_its_help(installed, tmp_path):
    text = run(installed / "megaql", "--help", cwd=tmp_path, COLUMNS="80", NO_COLOR="1")
    for command in ("peek", "publish", "run", "test", "explain", "demo"):
        assert command in text
