"""The proxy of the fault tests: what it does to connections beside what a plan says."""

import socket

import pytest

from tests.faults.injection import Plan
from tests.faults.proxy import Proxy


def test_a_port_that_refuses_is_nobody_elses():
    """An outage of seconds on a busy machine: another server would be given the port, and the proxy could not come back."""
    with Proxy("http://127.0.0.1:1", Plan(), None) as proxy:
        address = ("127.0.0.1", int(proxy.url.rpartition(":")[2]))
        for _ in range(2):
            proxy.refuse()
            with pytest.raises(ConnectionRefusedError):
                socket.create_connection(address)
            with socket.socket() as other, pytest.raises(OSError, match="in use"):
                other.bind(address)
            proxy.accept()
            socket.create_connection(address).close()
