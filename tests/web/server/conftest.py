"""Clients of one connection, and a certificate, for the tests of the server."""

from __future__ import annotations

import datetime
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
import trio
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from hypercorn.app_wrappers import ASGIWrapper
from hypercorn.trio.worker_context import WorkerContext
from trio.testing import memory_stream_pair

from logagent.web.server.client_connection import ClientConnection
from logagent.web.server.connections import serve_connection
from logagent.web.server.limits import ConnectionLimits
from testbed.raw_http import Http1Client, Http2Client

OpenHttp2 = Callable[..., Awaitable[Http2Client]]


@pytest.fixture
def open_http2(nursery: trio.Nursery) -> OpenHttp2:
    """`await open_http2(app)`: a client on a connection of its own; `limits=`, `context=` and `window=` if need be."""

    async def open_one(
        app: Any,
        *,
        limits: ConnectionLimits | None = None,
        context: WorkerContext | None = None,
        window: int | None = None,
        pair: Callable[[], tuple[Any, Any]] = memory_stream_pair,
    ) -> Http2Client:
        theirs, ours = pair()
        connection = ClientConnection(
            ASGIWrapper(app), ours, limits or ConnectionLimits(), context or WorkerContext(None), {}
        )
        nursery.start_soon(connection.run)
        client = Http2Client(theirs, connection)
        await client.open(nursery, window)
        return client

    return open_one


OpenHttp1 = Callable[..., Http1Client]


@pytest.fixture
def open_http1(nursery: trio.Nursery) -> OpenHttp1:
    """`open_http1(app)`: a client on a connection of its own; further arguments are those of `serve_connection`."""

    def open_one(app: Any, **others: Any) -> Http1Client:
        theirs, ours = memory_stream_pair()
        nursery.start_soon(partial(serve_connection, app, ours, **others))
        client = Http1Client(theirs)
        nursery.start_soon(client.receive)
        return client

    return open_one


@dataclass(frozen=True)
class Issued:
    """A certificate and its key, in files and as bytes."""

    certificate: Path
    key: Path
    der: bytes


@pytest.fixture(scope="module")
def issued(tmp_path_factory: pytest.TempPathFactory) -> Issued:
    """One that signs itself, good for a server and for a client at 127.0.0.1."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test")])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    directory = tmp_path_factory.mktemp("tls")
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (directory / "key.pem").write_bytes(private)
    (directory / "certificate.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    der = certificate.public_bytes(serialization.Encoding.DER)
    return Issued(directory / "certificate.pem", directory / "key.pem", der)
