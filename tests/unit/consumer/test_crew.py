import queue
import threading

from megaql.consumer.crew import Crew


def test_results_and_errors_go_to_the_inbox_and_the_thread_lives_on():
    inbox = queue.SimpleQueue()
    crew = Crew("test", 1, inbox, broken=lambda error: ("broken", error))
    error = SystemExit(1)

    def fails():
        raise error

    crew.submit(lambda: "first")
    crew.submit(fails)
    crew.submit(lambda: "last")
    assert [inbox.get(timeout=30) for _ in range(3)] == ["first", ("broken", error), "last"]
    crew.dismiss()


def test_jobs_run_side_by_side():
    inbox = queue.SimpleQueue()
    crew = Crew("test", 3, inbox, broken=lambda error: error)
    meeting = threading.Barrier(3, timeout=30)
    for number in range(3):
        crew.submit(lambda number=number: (meeting.wait() and number) or number)
    assert {inbox.get(timeout=30) for _ in range(3)} == {0, 1, 2}
    crew.dismiss()


def test_threads_start_with_jobs_and_never_hold_up_the_end_of_the_process():
    crew = Crew("test-idle", 2, queue.SimpleQueue(), broken=lambda error: error)
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("test-idle")]
    for _ in range(3):
        crew.submit(lambda: None)
    threads = [thread for thread in threading.enumerate() if thread.name.startswith("test-idle")]
    assert len(threads) == 2
    assert all(thread.daemon for thread in threads)
    crew.dismiss()
    for thread in threads:
        thread.join(30)
    assert not any(thread.is_alive() for thread in threads)
