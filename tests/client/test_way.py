"""The way to an agent: what is trusted and shown, where a token goes, and the words for what fails."""

from __future__ import annotations

import ssl
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from logagent import __version__
from logagent.authority import certs
from logagent.client import Client, ConnectionFailed, SyncClient
from logagent.client.way import AgentWay
from logagent.core.access.tokens import RANDOM_BYTES, token_of

TOKEN = token_of(bytes(RANDOM_BYTES))


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("certs")
    now = datetime.now(UTC)
    certs.init(directory, now=now)
    certs.host("web-1", directory, addresses=["127.0.0.1"], now=now)
    return directory


@pytest.mark.parametrize("url", ["https://10.0.0.2:8443", "unix:/run/logagent/agent.sock", "http://127.0.0.1:8000"])
def test_a_token_is_sent_where_none_can_read_it(url: str) -> None:
    way = AgentWay(url, token=TOKEN)
    assert way.headers()["authorization"] == f"Bearer {TOKEN}"
    assert way.is_guarded == url.startswith("http:")
    assert "authorization" not in AgentWay(url).headers()


def test_it_is_sent_nowhere_else() -> None:
    with pytest.raises(ValueError, match=r"^no token is sent to http://10\.0\.0\.2:8000, since others on the way"):
        AgentWay("http://10.0.0.2:8000", token=TOKEN)
    unchecked = ssl.create_default_context()
    unchecked.check_hostname = False
    for mode in (ssl.CERT_REQUIRED, ssl.CERT_NONE):
        unchecked.verify_mode = mode
        with pytest.raises(ValueError, match="by TLS that does not check who answers"):
            AgentWay("https://10.0.0.2:8443", token=TOKEN, tls=unchecked)


@pytest.mark.parametrize("missing", ["ca", "cert", "key"])
def test_a_file_that_is_not_there_is_named(certificates: Path, missing: str) -> None:
    files = {"ca": "ca.pem", "cert": "web-1.pem", "key": "web-1-key.pem"} | {missing: "none.pem"}
    given = {name: certificates / file for name, file in files.items()}
    with pytest.raises(FileNotFoundError, match=r"none\.pem"):
        AgentWay("https://web-1", **given)


def test_a_function_is_asked_for_it_each_time() -> None:
    tokens = iter([TOKEN, "second"])
    way = AgentWay("https://web-1", token=lambda: next(tokens))
    assert [way.headers()["authorization"] for _ in range(2)] == [f"Bearer {TOKEN}", "Bearer second"]


@pytest.mark.parametrize("token", ["", "two words", "line\n", "\u00fc", f"{TOKEN[:-1]}!", TOKEN[:-2]])
def test_one_that_is_none_is_told_without_a_character_of_it(token: str) -> None:
    for given in (token, lambda: token):
        with pytest.raises(ValueError, match=r"^the token is none") as wrong:
            AgentWay("https://web-1", token=given).headers()
        assert not token or token not in str(wrong.value)


@pytest.mark.parametrize("kind", [Client, SyncClient])
def test_nothing_shows_it(kind: Any) -> None:
    client = kind("https://web-1", token=TOKEN)
    assert TOKEN not in repr(client)
    assert TOKEN not in repr(AgentWay("https://web-1", token=TOKEN))


@pytest.mark.parametrize("url", ["web-1", "ftp://web-1", "http://web-1/logs", "https://user@web-1", "unix:agent.sock"])
def test_what_is_no_agents_url_is_told_at_once(url: str) -> None:
    with pytest.raises(ValueError, match="must be"):
        AgentWay(url)


def test_files_make_a_context_that_trusts_one_authority(certificates: Path) -> None:
    names = {name: str(certificates / f"{file}.pem") for name, file in
             (("ca", "ca"), ("cert", "web-1"), ("key", "web-1-key"))}  # fmt: skip
    tls = AgentWay("https://web-1", **names).tls
    assert tls is not None
    assert [each["subject"] for each in tls.get_ca_certs()] != []
    assert (tls.verify_mode, tls.check_hostname) == (ssl.CERT_REQUIRED, True)
    assert AgentWay("https://web-1", tls=tls).tls is tls
    with pytest.raises(ValueError, match="ca says what a context says already"):
        AgentWay("https://web-1", tls=tls, ca=names["ca"])
    with pytest.raises(ValueError, match="give cert too"):
        AgentWay("https://web-1", key=names["key"])
    with pytest.raises(ValueError, match=r"there is no TLS with unix:/a\.sock; leave out ca"):
        AgentWay("unix:/a.sock", ca=names["ca"])
    with pytest.raises(ValueError, match="leave out tls"):
        AgentWay("http://web-1", tls=tls)
    with pytest.raises(OSError, match="No such file"):
        AgentWay("https://web-1", ca="/no/such/ca.pem")


@pytest.mark.parametrize(
    ("url", "coding"),
    [("https://10.0.0.2:8443", "zstd"), ("http://127.0.0.1:8000", "identity"), ("unix:/a.sock", "identity")],
)
def test_answers_of_other_machines_come_compressed(url: str, coding: str) -> None:
    assert AgentWay(url).headers()["accept-encoding"] == coding
    assert AgentWay(url, compress=True).headers()["accept-encoding"] == "zstd"
    assert AgentWay(url, compress=False).headers()["accept-encoding"] == "identity"
    assert AgentWay(url).headers()["user-agent"] == f"logagent-client/{__version__}"


def failing(kind: type[httpx.HTTPError], cause: BaseException | None = None) -> httpx.HTTPError:
    error = kind("what httpx says")
    error.__cause__ = cause
    return error


def test_errors_are_put_into_words() -> None:
    way = AgentWay("https://web-1")
    refused = ConnectionRefusedError(111, "Connection refused")
    assert str(way.failed(failing(httpx.ConnectError, refused))) == "cannot connect: connection refused"
    assert str(way.failed(failing(httpx.ConnectTimeout))) == "cannot connect in time: what httpx says"
    assert str(way.failed(failing(httpx.ReadTimeout))) == "nothing was heard of the agent in time"
    assert str(way.failed(failing(httpx.RemoteProtocolError))) == "connection lost: what httpx says"
    unverified = ssl.SSLCertVerificationError(1, "certificate verify failed")
    unverified.reason = "CERTIFICATE_VERIFY_FAILED"
    unverified.verify_code, unverified.verify_message = 19, "self-signed certificate in certificate chain"
    told = way.failed(failing(httpx.ConnectError, unverified))
    assert isinstance(told, ConnectionFailed)
    assert "certificate" in str(told)
    plain = ssl.SSLError(1, "[SSL: WRONG_VERSION_NUMBER] wrong version number")
    plain.reason = "WRONG_VERSION_NUMBER"
    told = way.failed(failing(httpx.ConnectError, plain))
    assert str(told).startswith("https was asked of a port that speaks http")
