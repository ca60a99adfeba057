"""What every test starts from: a broker of its own, no AWS account, no colours, no settings of whoever runs the tests."""

import os
import signal

import pytest
from hypothesis import HealthCheck, settings

# No example is too slow, as a timed assertion is no test. In CI the examples are the same every time, so that a change is judged by what
# it does; everywhere else each run looks at new ones.
settings.register_profile(
    "megaql", deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=bool(os.environ.get("CI"))
)
settings.load_profile("megaql")

for name in [name for name in os.environ if name.startswith(("AWS_", "MEGAQL_"))]:
    if name not in {"AWS_CA_BUNDLE", "MEGAQL_UPDATE_GOLDEN", "MEGAQL_SCREENSHOTS"}:
        del os.environ[name]

# Whoever runs the tests in the background of a shell, or under nohup, hands them signals that are ignored, and every process they start, too.
for number, handler in ((signal.SIGINT, signal.default_int_handler), (signal.SIGHUP, signal.SIG_DFL)):
    if signal.getsignal(number) is signal.SIG_IGN:
        signal.signal(number, handler)


@pytest.fixture(autouse=True)
def own_world(tmp_path_factory, monkeypatch):
    """Give the test its own embedded broker and throw-away credentials that no real endpoint would accept."""
    home = tmp_path_factory.mktemp("home")
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("MEGAQL_HOME", str(home / "megaql"))
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    for name in ("NO_COLOR", "FORCE_COLOR", "CLICOLOR_FORCE", "COLUMNS", "PYTHONWARNINGS"):
        monkeypatch.delenv(name, raising=False)
