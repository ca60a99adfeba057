"""Signals as a flag."""

import os
import signal
import threading

import pytest

from megaql.scan.stop import STOP_SIGNALS, SecondSignal, StopFlag, catch_signals


def send(signum):
    os.kill(os.getpid(), signum)


@pytest.mark.parametrize("signum", STOP_SIGNALS)
def test_a_signal_sets_the_flag_and_nothing_else(signum):
    with catch_signals() as flag:
        assert not flag
        send(signum)
        assert flag
        assert flag.signum == signum
        assert flag.exit_status == 128 + signum


def test_a_second_signal_leaves_at_once():
    with catch_signals():
        send(signal.SIGTERM)
        with pytest.raises(SecondSignal) as caught:
            send(signal.SIGINT)
    assert caught.value.exit_status == 130
    assert isinstance(caught.value, KeyboardInterrupt)


def test_the_handlers_from_before_come_back():
    before = [signal.getsignal(signum) for signum in STOP_SIGNALS]
    with catch_signals():
        assert [signal.getsignal(signum) for signum in STOP_SIGNALS] != before
    assert [signal.getsignal(signum) for signum in STOP_SIGNALS] == before


def test_an_ignored_signal_stays_ignored():
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with catch_signals() as flag:
            send(signal.SIGHUP)
            assert not flag
    finally:
        signal.signal(signal.SIGHUP, before)


def test_outside_the_main_thread_it_is_a_flag_without_signals():
    seen = []

    def run():
        with catch_signals() as flag:
            seen.append(bool(flag))

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    assert seen == [False]


def test_the_first_signal_decides_the_exit_status():
    flag = StopFlag()
    assert flag.exit_status == 0
    flag.set(signal.SIGTERM)
    flag.set(signal.SIGINT)
    assert flag.exit_status == 143
