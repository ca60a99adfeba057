"""Addresses and networks as people write them."""

from ipaddress import ip_address, ip_network

import pytest

from megaql.lang import cidr


@pytest.mark.parametrize(
    ("text", "network"),
    [
        ("10.0.0.0/8", "10.0.0.0/8"),
        ("10.1.2.3/8", "10.0.0.0/8"),
        ("10.1.2.3", "10.1.2.3/32"),
        ("::1", "::1/128"),
        ("2001:db8::/32", "2001:db8::/32"),
    ],
)
def test_network(text, network):
    assert cidr.network(text) == ip_network(network)


@pytest.mark.parametrize("text", ["", "x", "10.0.0.0/33", "10.0.0", "10.0.0.0/8/8"])
def test_other_text_is_no_network(text):
    assert cidr.network(text) is None


@pytest.mark.parametrize(
    ("text", "address"), [("10.0.0.1", "10.0.0.1"), ("::ffff:10.0.0.1", "10.0.0.1"), ("::1", "::1")]
)
def test_address(text, address):
    assert cidr.address(text) == ip_address(address)


@pytest.mark.parametrize("text", ["", "x", "010.0.0.1", "10.0.0.1/32", "1", "10.0.0.1 ", "1.1.1.1.1", "\ud800"])
def test_other_text_is_no_address(text):
    assert cidr.address(text) is None
