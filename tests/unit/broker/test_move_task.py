"""Message move tasks: started, watched, cancelled; and servers that have none, or answer as if they had."""

import pytest

from megaql.broker.move_task import MoveTask, NoMoveTasks
from megaql.broker.queue import Queue
from megaql.broker.target import parse_queue
from megaql.errors import BrokerError, QueueNotFound
from megaql.scan.bulk.task import follow
from megaql.scan.stop import StopFlag


class Fault(Exception):  # noqa: N818 - as boto3 calls it, a client error
    def __init__(self, code, status=400):
        super().__init__(code)
        self.response = {"Error": {"Code": code, "Message": "no"}, "ResponseMetadata": {"HTTPStatusCode": status}}


class Client:
    """Answers from a script: each call's next answer, an exception raised."""

    def __init__(self, **script):
        self.script = {name: list(answers) for name, answers in script.items()}
        self.asked = []

    def __getattr__(self, name):
        if name not in self.script:
            raise AttributeError(name)

        def call(**request):
            self.asked.append((name, request))
            answers = self.script[name]
            answer = answers.pop(0) if len(answers) > 1 else answers[0]
            if isinstance(answer, Exception):
                raise answer
            return answer

        return call


def queue(client, name="dead"):
    made = Queue(client, f"https://sqs.eu-west-1.amazonaws.com/000000000000/{name}", parse_queue(name))
    made._arn = f"arn:aws:sqs:eu-west-1:000000000000:{name}"
    return made


def results(status, moved=0, **more):
    return {"Results": [{"Status": status, "ApproximateNumberOfMessagesMoved": moved, "TaskHandle": "h", **more}]}


def start(client, **options):
    return MoveTask.start(queue(client), queue(client, "orders"), **options)


def test_what_is_asked():
    client = Client(start_message_move_task=[{"TaskHandle": "h"}])
    start(client, rate=20)
    assert client.asked == [
        (
            "start_message_move_task",
            {
                "SourceArn": "arn:aws:sqs:eu-west-1:000000000000:dead",
                "DestinationArn": "arn:aws:sqs:eu-west-1:000000000000:orders",
                "MaxNumberOfMessagesPerSecond": 20,
            },
        )
    ]


@pytest.mark.parametrize(
    "code", ["InvalidAction", "UnsupportedOperation", "AWS.SimpleQueueService.UnsupportedOperation", "AccessDenied"]
)
def test_servers_and_credentials_that_cannot(code):
    with pytest.raises(NoMoveTasks):
        start(Client(start_message_move_task=[Fault(code)]))


def test_a_server_that_fails_in_both_calls_has_none():
    client = Client(
        start_message_move_task=[Fault("InternalError", 500)], list_message_move_tasks=[Fault("InternalError", 500)]
    )
    with pytest.raises(NoMoveTasks):
        start(client)


def test_a_task_that_was_started_although_the_answer_was_an_error_is_the_task():
    client = Client(
        start_message_move_task=[Fault("InternalError", 500)],
        list_message_move_tasks=[results("RUNNING"), results("COMPLETED", 5)],
    )
    assert start(client).state().moved == 5


def test_a_server_that_has_tasks_and_a_bad_moment_is_an_error():
    client = Client(start_message_move_task=[Fault("InternalError", 500)], list_message_move_tasks=[{}])
    with pytest.raises(BrokerError) as error:
        start(client)
    assert not isinstance(error.value, NoMoveTasks)


def test_a_missing_queue_is_an_error():
    with pytest.raises(QueueNotFound):
        start(Client(start_message_move_task=[Fault("QueueDoesNotExist")]))


def test_it_is_watched_to_its_end():
    client = Client(
        start_message_move_task=[{"TaskHandle": "h"}],
        list_message_move_tasks=[
            results("RUNNING", 1, ApproximateNumberOfMessagesToMove=3),
            results("RUNNING", 2),
            results("COMPLETED", 3),
        ],
    )
    seen = []
    state = follow(start(client), StopFlag(), seen.append, sleep=lambda _: None)
    assert [one.moved for one in seen] == [1, 2]
    assert (state.status, state.moved, seen[0].total) == ("COMPLETED", 3, 3)


def test_a_stop_cancels_it_once_and_waits_for_the_end():
    client = Client(
        start_message_move_task=[{"TaskHandle": "h"}],
        list_message_move_tasks=[results("RUNNING", 1), results("CANCELLING", 2), results("CANCELLED", 3)],
        cancel_message_move_task=[{"ApproximateNumberOfMessagesMoved": 2}],
    )
    stop = StopFlag()
    stop.set()
    state = follow(start(client), stop, lambda _: None, sleep=lambda _: None)
    assert (state.status, state.moved) == ("CANCELLED", 3)
    assert [name for name, _ in client.asked].count("cancel_message_move_task") == 1


def test_a_task_that_ends_before_it_is_cancelled_is_no_error():
    client = Client(
        start_message_move_task=[{"TaskHandle": "h"}],
        list_message_move_tasks=[results("RUNNING", 1), results("COMPLETED", 3)],
        cancel_message_move_task=[Fault("UnsupportedOperation")],
    )
    stop = StopFlag()
    stop.set()
    assert follow(start(client), stop, lambda _: None, sleep=lambda _: None).status == "COMPLETED"


def test_a_failure_is_the_services_word():
    client = Client(
        start_message_move_task=[{"TaskHandle": "h"}],
        list_message_move_tasks=[results("FAILED", 1, FailureReason="CouldNotDetermineMessageSource")],
    )
    assert follow(start(client), StopFlag(), lambda _: None).failure == "CouldNotDetermineMessageSource"
