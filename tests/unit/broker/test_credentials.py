"""Credentials that change while a client is in use, against a server that looks at who signs."""

import datetime as dt
import re
import threading
from datetime import timedelta

import pytest
from botocore.credentials import Credentials, RefreshableCredentials
from botocore.exceptions import ClientError, CredentialRetrievalError, NoCredentialsError, ProfileNotFound

from megaql import App
from megaql.broker import aws, credentials
from megaql.broker.credentials import LATELY, LOOK_INTERVAL, RETRY_INTERVAL, Renewing
from megaql.broker.queue import Queue
from megaql.broker.target import Connection
from megaql.consumer.backoff import Backoff
from megaql.errors import CredentialsMissing
from tests.servers import without_moto
from tests.unit.broker.lean.http_server import RESULTS, Server, error


@pytest.fixture
def now():
    return [100.0]


@pytest.fixture
def file(tmp_path, monkeypatch):
    """Write keys into the shared credentials file, which is the only source of any; `None` for none."""
    path = tmp_path / "credentials"
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(path))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))

    def write(key, profile="default"):
        lines = f"aws_access_key_id = {key}\naws_secret_access_key = s-{key}\naws_session_token = t-{key}\n"
        path.write_text(f"[{profile}]\n{lines}" if key else "")

    return write


def keys(key):
    return Credentials(key, f"s-{key}", f"t-{key}", method="test")


class Chain:
    """A look-up that finds what the test says, or raises it."""

    def __init__(self, *found):
        self.found = list(found)

    def __call__(self):
        result = self.found.pop(0)
        if isinstance(result, Exception):
            raise result
        return result


@pytest.fixture
def renewing(now, file):
    file("old")

    def make(*found):
        chain = Chain(*found)
        return Renewing(keys("old"), chain, monotonic=lambda: now[0]), chain

    return make


def test_nothing_is_looked_up_while_nothing_changes(renewing, now):
    made, _ = renewing()
    for _ in range(100):
        assert made.get_frozen_credentials() == ("old", "s-old", "t-old", None)
        now[0] += LOOK_INTERVAL


def test_a_file_that_changed_is_looked_up_once(renewing, now, file):
    made, chain = renewing(keys("new"))
    file("new")
    assert made.get_frozen_credentials().access_key == "old", "not before it is time to look"
    now[0] += LOOK_INTERVAL
    assert made.get_frozen_credentials() == ("new", "s-new", "t-new", None)
    now[0] += LOOK_INTERVAL
    assert made.get_frozen_credentials().access_key == "new"
    assert (chain.found, made.access_key, made.token, made.method) == ([], "new", "t-new", "test")


@pytest.mark.parametrize("failure", [None, ProfileNotFound(profile="default"), ValueError("half a file")])
def test_what_cannot_be_had_now_takes_no_ones_place(renewing, now, file, failure):
    made, chain = renewing(failure, keys("new"))
    file("")
    now[0] += LOOK_INTERVAL
    assert made.get_frozen_credentials().access_key == "old"
    now[0] += RETRY_INTERVAL - 0.1
    assert made.get_frozen_credentials().access_key == "old"
    assert len(chain.found) == 1
    now[0] += 0.1
    assert made.get_frozen_credentials().access_key == "new"


def test_refused_ones_are_looked_up_at_once_and_then_not_without_end(renewing, now):
    made, chain = renewing(keys("same"), keys("new"))
    made.refused()
    assert made.get_frozen_credentials().access_key == "same"
    for _ in range(5):
        made.refused()
        assert made.get_frozen_credentials().access_key == "same"
    now[0] += RETRY_INTERVAL
    made.refused()
    assert made.get_frozen_credentials().access_key == "new"
    assert chain.found == []


def test_only_keys_that_came_lately_are_worth_another_call(renewing, now, file):
    """A refusal long after a rotation is about the keys there are."""
    made, _ = renewing(keys("new"))
    assert not made.changed()
    file("new")
    now[0] += LOOK_INTERVAL
    assert made.changed()
    now[0] += LATELY
    assert not made.changed()


class Expiring:
    """botocore's credentials in their last minutes: each look at them makes somebody ask for new ones."""

    def __init__(self):
        self.asked = 0

    def get_frozen_credentials(self):
        self.asked += 1
        return keys(f"key{self.asked}").get_frozen_credentials()


def test_credentials_that_end_soon_are_not_renewed_for_each_call(now, file):
    file("old")
    found = Expiring()
    made = Renewing(found, Chain(), monotonic=lambda: now[0])
    assert {made.get_frozen_credentials().access_key for _ in range(100)} == {"key1"}
    now[0] += LOOK_INTERVAL
    assert {made.get_frozen_credentials().access_key for _ in range(100)} == {"key2"}
    made.refused()
    made._look_up = lambda: keys("new")
    assert made.get_frozen_credentials().access_key == "new", "what was refused is not kept"


def test_a_renewal_that_fails_is_an_error_only_once_the_credentials_are_refused(now, file):
    file("old")
    found = Expiring()
    made = Renewing(found, Chain(None), monotonic=lambda: now[0])
    assert made.get_frozen_credentials().access_key == "key1"

    def failing():
        raise CredentialRetrievalError(provider="custom-process", error_msg="no luck")

    found.get_frozen_credentials = failing
    for _ in range(3):
        now[0] += LOOK_INTERVAL
        assert made.get_frozen_credentials().access_key == "key1"
    made.refused()
    with pytest.raises(CredentialRetrievalError):
        made.get_frozen_credentials()


def test_one_thread_renews_and_the_others_go_on_meanwhile(now, file):
    file("old")
    found = Expiring()
    made = Renewing(found, Chain(), monotonic=lambda: now[0])
    made.get_frozen_credentials()
    now[0] += LOOK_INTERVAL
    renewing, go_on, plain = threading.Event(), threading.Event(), found.get_frozen_credentials

    def slow():
        renewing.set()
        assert go_on.wait(20)
        return plain()

    found.get_frozen_credentials = slow
    signed = []
    thread = threading.Thread(target=lambda: signed.append(made.get_frozen_credentials().access_key))
    thread.start()
    assert renewing.wait(20)
    assert made.get_frozen_credentials().access_key == "key1"
    go_on.set()
    thread.join(20)
    assert signed == [made.get_frozen_credentials().access_key] == ["key2"]


def test_whoever_signs_next_waits_for_the_look_up_after_a_refusal(renewing):
    """With the refused ones it would only be refused again, and a delete is tried three times."""
    made, chain = renewing()
    looking, go_on, signed = threading.Event(), threading.Event(), []

    def slow():
        looking.set()
        assert go_on.wait(20)
        return keys("new")

    chain.found = None
    made._look_up = slow
    made.refused()
    threads = [
        threading.Thread(target=lambda: signed.append(made.get_frozen_credentials().access_key)) for _ in range(8)
    ]
    threads[0].start()
    assert looking.wait(20)
    looking.clear()
    for thread in threads[1:]:
        thread.start()
    threads[-1].join(0.05)
    assert signed == []
    go_on.set()
    for thread in threads:
        thread.join(20)
    assert signed == ["new"] * 8
    assert not looking.is_set(), "one looked for all"


def test_nobody_looks_again_after_a_look_up_that_found_nothing(renewing):
    made, chain = renewing(None)
    made.refused()
    assert made.get_frozen_credentials().access_key == "old"
    assert made.get_frozen_credentials().access_key == "old"
    assert chain.found == []


def test_where_there_are_none_they_may_come_later(now, file):
    file(None)
    chain = Chain(None, keys("new"))
    made = Renewing(None, chain, monotonic=lambda: now[0])
    assert made.get_frozen_credentials() is None
    assert len(chain.found) == 2, "they were looked up a moment ago"
    for key in (None, "new", "new"):
        now[0] += RETRY_INTERVAL
        found = made.get_frozen_credentials()
        assert (found and found.access_key) == key
    assert chain.found == []


def test_at_hand_is_what_nobody_has_to_be_asked_for(renewing, now):
    made, chain = renewing(keys("same"))
    assert made.at_hand() is None, "nobody has asked yet"
    frozen = made.get_frozen_credentials()
    assert made.at_hand() == frozen
    made._kept = (frozen, now[0] + RETRY_INTERVAL)  # as where they could not be renewed
    now[0] += LOOK_INTERVAL
    assert made.at_hand() is None, "it is time to look at the files"
    made.get_frozen_credentials()
    assert made.at_hand() == frozen
    made.refused()
    assert made.at_hand() is None
    assert len(chain.found) == 1, "to ask for those at hand asks nobody"


def test_a_property_is_that_of_the_moment(renewing):
    made, _ = renewing(Credentials("new", "s", account_id="123456789012"))
    account = made.get_deferred_property("account_id")
    assert account() is None
    made.refused()
    made.get_frozen_credentials()
    assert account() == "123456789012"


@pytest.fixture
def server():
    with without_moto():
        made = Server()
        yield made
        made.stop()


def key_of(request):
    return re.match(r"AWS4-HMAC-SHA256 Credential=([^/]+)/", request[1]["authorization"])[1]


@pytest.fixture
def at_once(monkeypatch):
    monkeypatch.setattr(credentials, "LOOK_INTERVAL", 0.0)
    monkeypatch.setattr(credentials, "RETRY_INTERVAL", 0.0)


@pytest.fixture
def receive(server, file):
    """A function that makes a client, over the lean path or without; what it returns receives with it."""
    made = []

    def make(*, lean, profile=None, written="first"):
        if profile is None:
            file(written)
        connection = Connection(region="eu-west-1", endpoint_url=server.url, profile=profile)
        client = aws.client("sqs", connection, lean=lean)
        made.append(client)
        return lambda: client.receive_message(QueueUrl=f"{server.url}/000000000000/q", WaitTimeSeconds=0)

    yield make
    for client in made:
        client.close()


@pytest.mark.parametrize("lean", [True, False])
@pytest.mark.usefixtures("at_once")
def test_keys_rotated_on_disk_sign_the_next_request(server, file, receive, lean):
    one = receive(lean=lean)
    one()
    one()
    file("second")
    one()
    one()
    assert [key_of(request) for request in server.requests] == ["first", "first", "second", "second"]
    assert [request[1]["x-amz-security-token"] for request in server.requests][1:3] == ["t-first", "t-second"]


@pytest.fixture
def unseen(monkeypatch):
    """Let files look the same as before: a copy that keeps its time, or a clock that stands."""
    monkeypatch.setattr(credentials, "_stamp", lambda: ())


@pytest.mark.parametrize("lean", [True, False])
@pytest.mark.parametrize("code", ["ExpiredToken", "InvalidClientTokenId", "UnrecognizedClientException"])
@pytest.mark.usefixtures("unseen")
def test_refused_keys_are_looked_up_again_and_the_call_is_made_with_the_new_ones(server, file, receive, lean, code):
    one = receive(lean=lean)
    one()
    file("second")
    server.behaviours = [error(403, code)]
    assert one()["ResponseMetadata"]["RetryAttempts"] == 1
    one()
    assert [key_of(request) for request in server.requests] == ["first", "first", "second", "second"]


@pytest.mark.parametrize("lean", [True, False])
@pytest.mark.parametrize("newer", [True, False], ids=["others", "the same"])
@pytest.mark.usefixtures("unseen")
def test_a_call_is_made_once_more_and_only_with_other_keys(server, file, receive, lean, newer):
    one = receive(lean=lean)
    one()
    if newer:
        file("second")
    server.behaviours = [error(403, "ExpiredToken")] * 3
    with pytest.raises(ClientError, match="ExpiredToken"):
        one()
    assert [key_of(request) for request in server.requests[1:]] == ["first", "second"][: 1 + newer]


class Choosy(Server):
    """A server that knows one key."""

    known = "first"

    def _behave(self, peer, request):
        if key_of(request) != self.known:
            self.behaviours = [error(403, "ExpiredToken")]
        return super()._behave(peer, request)


@pytest.mark.parametrize("lean", [True, False])
@pytest.mark.usefixtures("unseen")
def test_keys_that_end_under_eight_threads_are_nobodys_error(file, lean):
    with without_moto():
        server = Choosy()
        file("first")
        client = aws.client("sqs", Connection(region="eu-west-1", endpoint_url=server.url), lean=lean)
    start, answers = threading.Barrier(8), []

    def work(*, wait=True):
        if wait:
            start.wait(20)
        answers.append(client.receive_message(QueueUrl=f"{server.url}/000000000000/q", WaitTimeSeconds=0))

    work(wait=False)
    file("second")
    server.known = "second"
    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    client.close()
    server.stop()
    assert len(answers) == 9


@pytest.mark.parametrize("lean", [True, False])
@pytest.mark.usefixtures("at_once")
def test_a_client_that_was_made_without_any_finds_those_that_come_later(server, file, receive, lean):
    one = receive(lean=lean, written=None)
    with pytest.raises(NoCredentialsError):
        one()
    file("late")
    one()
    one()
    assert [key_of(request) for request in server.requests] == ["late"] * 2


WRONG = {
    "a program that is not there": ("credential_process = /nowhere/program", "/nowhere/program"),
    "a program that fails": ("credential_process = sh -c 'exit 3'", "custom-process"),
    "a program that prints no JSON": ("credential_process = echo nothing", "JSONDecodeError"),
    "a token that is not there": (
        "role_arn = arn:aws:iam::123456789012:role/r\nweb_identity_token_file = /nowhere/token",
        "/nowhere/token",
    ),
    "no token of SSO": (
        "sso_session = s\nsso_account_id = 1\nsso_role_name = r\n[sso-session s]\nsso_region = eu-west-1\nsso_start_url = x",
        "SSO Token",
    ),
}


@pytest.mark.parametrize(("profile", "why"), WRONG.values(), ids=WRONG)
def test_a_source_of_credentials_that_does_not_work(file, tmp_path, profile, why):
    file(None)
    (tmp_path / "config").write_text(f"[profile wrong]\nregion = eu-west-1\n{profile}\n")
    with pytest.raises(CredentialsMissing) as caught:
        Queue.open("http://127.0.0.1:1/000000000000/q", Connection(profile="wrong")).info()
    error = caught.value
    assert why in error.why
    assert all((error.what, error.where, error.hint))


def test_renewed_credentials_that_have_ended_already():
    past = dt.datetime(2020, 1, 1, tzinfo=dt.UTC)
    stale = {"access_key": "k", "secret_key": "s", "token": "t", "expiry_time": past.isoformat()}
    made = Renewing(RefreshableCredentials("k", "s", "t", past, lambda: stale, "test"), Chain())
    with pytest.raises(CredentialRetrievalError, match="still expired"):
        made.get_frozen_credentials()


@pytest.mark.usefixtures("at_once")
def test_a_program_may_change_its_own_environment(server, receive, monkeypatch):
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "one")
    one = receive(lean=True)
    one()
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "two")
    server.behaviours = [error(403, "ExpiredToken")]
    one()
    assert [key_of(request) for request in server.requests] == ["one", "one", "two"]


@pytest.mark.usefixtures("at_once")
def test_a_profile_keeps_its_name(server, file, receive):
    file("mine", "me")
    one = receive(lean=True, profile="me")
    one()
    file("mine2", "me")
    one()
    assert [key_of(request) for request in server.requests] == ["mine", "mine2"]


def test_other_errors_are_no_reason_to_look(server, receive, monkeypatch):
    looks = []
    monkeypatch.setattr(Renewing, "refused", lambda _self: looks.append(1))
    one = receive(lean=True)
    server.behaviours = [error(400, "InvalidParameterValue"), error(403, "AccessDenied")]
    for _ in range(2):
        with pytest.raises(ClientError):
            one()
    assert looks == []


@pytest.mark.usefixtures("at_once")
def test_a_consumer_gets_over_an_expired_token(server, file, monkeypatch, caplog):
    """The keys expire and nothing helps for a while; then somebody writes new ones. Nobody restarts anything."""
    pause = Backoff(base=timedelta(0), cap=timedelta(0))
    monkeypatch.setattr("megaql.consumer.app.POLL_BACKOFF", pause)
    attributes = {"VisibilityTimeout": "30", "QueueArn": "arn:aws:sqs:eu-west-1:000000000000:q"}
    monkeypatch.setitem(RESULTS, "GetQueueAttributes", {"Attributes": attributes})
    message = {"MessageId": "m", "ReceiptHandle": "r", "Body": '{"n": 1}'}
    monkeypatch.setitem(RESULTS, "ReceiveMessage", {"Messages": [message]})
    file("first")
    expired = error(403, "ExpiredToken")
    server.behaviours = [None, expired, expired, expired]

    def rotate():
        if len(server.requests) == 4:  # the settings, and three receives
            file("second")
        else:
            server.during = rotate

    server.during = rotate
    queue = Queue.open(f"{server.url}/000000000000/q", Connection(region="eu-west-1"))
    app = App(queue)
    app.subscribe("exists n")(lambda _data: None)
    report = app.run(limit=1)
    queue.client.close()
    assert (report.received, report.handled, report.undone) == (1, 1, 0)
    assert caplog.text.count("the credentials are not accepted") == 2, (
        "the third receive was made again with the new ones"
    )
    assert [key_of(request) for request in server.requests] == ["first"] * 4 + ["second"] * 2
