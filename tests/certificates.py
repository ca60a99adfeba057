"""Authorities and certificates for servers on loopback, made anew for each run.

A maintainer keeps one rule: nothing here is kept in the repository, where it would expire.
"""

import datetime as dt
import ipaddress
import itertools
import ssl

import pytest

DAY = dt.timedelta(days=1)


class Authority:
    """A certificate authority; `path` is its own certificate, and `server` makes those it vouches for."""

    def __init__(self, folder, name="authority"):
        x509 = pytest.importorskip("cryptography.x509")
        self._folder, self._name = folder, name
        self._numbers = itertools.count(2)
        self._key, certificate = self._made(1, x509.BasicConstraints(ca=True, path_length=None))
        self.path = folder / f"{name}.pem"
        self.path.write_bytes(_pem(certificate))

    def server(self, host="127.0.0.1", *, ended=False):
        """Return the path of a key and a certificate for an address or a name of a host; `ended` is one of yesterday."""
        from cryptography import x509

        try:
            name = x509.IPAddress(ipaddress.ip_address(host))
        except ValueError:
            name = x509.DNSName(host)
        number = next(self._numbers)
        key, certificate = self._made(number, x509.SubjectAlternativeName([name]), ended=ended)
        path = self._folder / f"{self._name}-{number}.pem"
        path.write_bytes(_pem(key) + _pem(certificate))
        return path

    def _made(self, number, extension, *, ended=False):
        from cryptography import x509
        from cryptography.hazmat.primitives import hashes
        from cryptography.hazmat.primitives.asymmetric import ec

        def name(text):
            return x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, text)])

        key, now = ec.generate_private_key(ec.SECP256R1()), dt.datetime.now(dt.UTC)
        made = (
            x509.CertificateBuilder()
            .subject_name(name(self._name if number == 1 else "server"))
            .issuer_name(name(self._name))
            .public_key(key.public_key())
            .serial_number(number)
            .not_valid_before(now - 3 * DAY)
            .not_valid_after(now + (-DAY if ended else DAY))
            .add_extension(extension, critical=number == 1)
            .sign(key if number == 1 else self._key, hashes.SHA256())
        )
        return key, made


def serving(path, *, asks_for=None):
    """Return a context for a server with a certificate; `asks_for` is the authority that its clients need a certificate of."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    if asks_for is not None:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(asks_for.path)
    return context


def _pem(thing):
    from cryptography.hazmat.primitives import serialization as form

    if hasattr(thing, "private_bytes"):
        return thing.private_bytes(form.Encoding.PEM, form.PrivateFormat.PKCS8, form.NoEncryption())
    return thing.public_bytes(form.Encoding.PEM)
