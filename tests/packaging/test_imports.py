"""What importing costs, and what the public interface is."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

import megaql

CHECKOUT = Path(__file__).parents[2]
HEAVY = (
    "boto3",
    "botocore",
    "bson",
    "lark",
    "opentelemetry",
    "prometheus_client",
    "re2",
    "rich",
    "sqlite3",
    "textual",
    "typer",
)


def imported_by(statement):
    """Return which of the heavy modules a statement brings into a fresh interpreter."""
    program = f"{statement}\nimport sys\nprint(*[name for name in {HEAVY!r} if name in sys.modules])"
    environment = {**os.environ, "PYTHONPATH": str(CHECKOUT)}
    run = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, env=environment, cwd="/"
    )
    return set(run.stdout.split())


def test_importing_megaql_brings_nothing_heavy():
    assert imported_by("import megaql") == set()


@pytest.mark.parametrize(
    "statement",
    [
        "from megaql import MegaEvent, DataObject, Plaintext, Blob; MegaEvent('a')",
        "from megaql.codec.decode import decode; decode('{}'); decode('AAEC'); decode('text')",
        "from megaql.codec.encode import encode; encode({'a': 1}); encode('text'); encode(b'bytes')",
    ],
)
def test_bson_is_imported_for_bson_only(statement):
    assert imported_by(statement) == set()
    assert imported_by("from megaql.codec.encode import encode; encode({}, bson=True)") == {"bson"}


def test_extras_are_imported_by_those_who_use_them_only():
    run = "import megaql; app = megaql.App('local:orders'); app.subscribe(catch_all=True)(print); megaql.Publisher('local:orders')"
    modules = "import megaql.consumer.prometheus, megaql.consumer.tracing, megaql.consumer.middleware"
    extras = {"opentelemetry", "prometheus_client"}
    assert imported_by(f"{run}; {modules}") & extras == set()
    assert imported_by(f"{modules}; megaql.consumer.tracing.Tracing()") & extras == {"opentelemetry"}
    assert imported_by(f"{modules}; megaql.consumer.prometheus.PrometheusMetrics()") & extras == {"prometheus_client"}


def test_the_public_names_are_sorted_and_each_can_be_had():
    assert megaql.__all__ == sorted(set(megaql.__all__))
    for name in megaql.__all__:
        assert getattr(megaql, name) is not None
        assert name in dir(megaql)


def test_no_public_name_is_missing_from_the_list():
    machinery = {"TYPE_CHECKING", "annotations", "import_module"}
    rooms = {path.stem for path in CHECKOUT.joinpath("megaql").iterdir()}
    public = {name for name in vars(megaql) if not name.startswith("_")}
    assert public - machinery - rooms <= set(megaql.__all__)


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="module 'megaql' has no attribute 'Qeury'"):
        megaql.Qeury  # noqa: B018 - the access is what is tested
