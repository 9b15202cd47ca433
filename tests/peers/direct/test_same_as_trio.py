"""Whatever an agent does, a question over a blocking socket ends as one on Trio does, to the letter."""

from __future__ import annotations

import ssl
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pytest
import trio

from logagent.authority import certs
from logagent.core.batch import Batch, Origin
from logagent.core.outcome import HostOutcome, Outcome, Status
from logagent.core.query import Query
from logagent.core.wire.coding import encoder
from logagent.core.wire.frames import BATCHES, encode
from logagent.core.wire.verdict import to_trailers
from logagent.peers.client.http_client import connect
from logagent.peers.client.tls import client_tls
from logagent.peers.direct.coroutines import finished
from logagent.peers.direct.source import DirectSource
from logagent.peers.direct.tls_wire import over_tls as client_over_tls
from logagent.peers.direct.waiting import SpeaksHttp1
from logagent.peers.source import PeerSource
from testbed.one_server import Answer, Talk, over_tls, says, serving

pytestmark = pytest.mark.real

QUERY = Query.of(files=("syslog",), places=True)
LINES = Batch(b"one\ntwo\n", 2, None, [0, 4], (Origin("web-1", "syslog"),))
FRAME = encode(LINES)
BATCH_TYPE = {"content-type": BATCHES, "log-trace-id": "ab" * 16}
COMPLETE = dict(to_trailers(Outcome(lines=2, hosts=(HostOutcome("web-1", Status.OK, lines=2),))))
PARTIAL = dict(to_trailers(Outcome(Status.UNAVAILABLE, "a host fails", 2)))
ONE_MORE = dict(to_trailers(Outcome(lines=3, hosts=(HostOutcome("web-1", Status.OK, lines=3),))))
WHOLE = Answer(200, BATCH_TYPE, [FRAME], COMPLETE)


@dataclass
class Kept:
    """Keeps batches."""

    batches: list[Batch] = field(default_factory=list)

    async def send(self, batch: Batch) -> None:
        self.batches.append(batch)


Ended = tuple[Outcome, list[Batch]]


async def _on_trio(url: str, tls: ssl.SSLContext | None, query: Query) -> Ended:
    out = Kept()
    async with connect(url, tls=tls) as client:
        return await PeerSource(client).pump(query, out), out.batches


def directly(url: str, tls: ssl.SSLContext | None = None, query: Query = QUERY) -> Ended:
    out = Kept()
    secure = client_over_tls(tls) if url.startswith("https:") else None
    return finished(DirectSource(url, secure).pump(query, out)), out.batches


def both(url: str, tls: ssl.SSLContext | None = None, query: Query = QUERY) -> Ended:
    """How a question ends directly, which must be how it ends on Trio."""
    ended = directly(url, tls, query)
    assert ended == trio.run(_on_trio, url, tls, query)
    return ended


ENDINGS: dict[str, tuple[Talk, str]] = {
    "complete": (WHOLE, ""),
    "partial": (Answer(200, BATCH_TYPE, [FRAME], PARTIAL), "a host fails"),
    "in pieces": (Answer(200, BATCH_TYPE, [bytes([each]) for each in FRAME], COMPLETE), ""),
    "more lines said than came": (Answer(200, BATCH_TYPE, [FRAME], ONE_MORE), "says that it sent 3 lines, but 2 came"),
    "no verdict": (Answer(200, BATCH_TYPE, [FRAME]), "its answer ended without a verdict"),
    "bad verdict": (Answer(200, BATCH_TYPE, [FRAME], {"log-status": "x"}), "a verdict that is none"),
    "cut frame": (Answer(200, BATCH_TYPE, [FRAME[:-1]], COMPLETE), "the last frame is cut"),
    "no frame": (Answer(200, BATCH_TYPE, [b"\xff" * 9], COMPLETE), "sent something else than batches"),
    "unknown coding": (Answer(200, {**BATCH_TYPE, "content-encoding": "x"}, [FRAME], COMPLETE), "unknown coding 'x'"),
    "other type": (
        Answer(200, {"content-type": "text/html"}, [b"<p>"]),
        "something else than batches; is it",
    ),
    "refused": (Answer(404, BATCH_TYPE, [b'{"detail": "no such file"}']), "no such file"),
    "refuses who asks": (Answer(401, {}, [b'{"detail": "who?"}']), "refuses who asks: who?"),
    "broken": (Answer(503, {}), "answered with HTTP status 503"),
    "elsewhere": (
        Answer(307, {"location": "http://10.0.0.2/logs"}),
        "a redirect (HTTP status 307), which is not followed",
    ),
    "bare": (Answer(500, {}), "answered with HTTP status 500"),
    "reset": (
        Answer(200, BATCH_TYPE, [FRAME], reset=2),
        "the agent reset the stream (INTERNAL_ERROR)",
    ),
    "going away": (Answer(200, BATCH_TYPE, [FRAME], goaway=True), "the agent ends the connection (NO_ERROR)"),
    "closed in the body": (Answer(200, BATCH_TYPE, [FRAME], ends=False), "connection lost: the agent closed the"),
    "closed at once": (lambda connected: None, "connection lost"),
    "closed before its greeting": (says(), "it closed the connection at once; does that port speak https?"),
    "speaks HTTP/1": (says(b"HTTP/1.1 400 Bad Request\r\n\r\n"), "it speaks HTTP/1 only; is it an agent?"),
    "speaks TLS": (says(b"\x15\x03\x01\x00\x02\x02\x46"), "ask it by https://"),
    "speaks nonsense": (says(b"SSH-2.0-OpenSSH_9.6\r\n" * 9), "it does not speak HTTP/2; is it an agent?"),
    "a page": (says(b"<!DOCTYPE HTML>\n<html></html>"), "it does not speak HTTP/2; is it an agent?"),
    "nonsense behind a greeting": (
        says(b"\0\0\0\4\0\0\0\0\0SSH-2.0-OpenSSH_9.6\r\n"),
        "connection lost: not valid HTTP/2: ",
    ),
}


@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_each_ending_is_the_same(ending: str) -> None:
    talk, said = ENDINGS[ending]
    with serving(talk) as address:
        # Whether the kernel tells of an end at once by an end or by an error depends on the moment.
        ask = directly if ending == "closed at once" else both
        outcome, _ = ask(f"http://{address}")
    assert said in outcome.message


def test_an_answer_that_is_compressed_is_read() -> None:
    coding = encoder("zstd")
    packed = coding.encode(FRAME) + coding.finish()
    with serving(Answer(200, {**BATCH_TYPE, "content-encoding": "zstd"}, [packed], COMPLETE)) as address:
        outcome, batches = both(f"http://{address}")
    assert (outcome.complete, outcome.trace, batches) == (True, "ab" * 16, [LINES])


def test_an_answer_larger_than_the_windows_arrives_whole() -> None:
    body = b"x" * 99_999 + b"\n"
    batch = Batch(body * 10, 10, None, [100_000 * each for each in range(10)], (Origin("web-1", "syslog"),))
    trailers = dict(to_trailers(Outcome(lines=400, hosts=(HostOutcome("web-1", Status.OK, lines=400),))))
    with serving(Answer(200, BATCH_TYPE, [encode(batch)] * 40, trailers)) as address:
        outcome, batches = directly(f"http://{address}")
    assert (outcome.status, outcome.message) == (Status.OK, "")
    assert sum(len(batch.body) for batch in batches) == 40_000_000


def test_a_port_where_nobody_listens_is_the_same() -> None:
    with serving(WHOLE) as address:
        pass
    assert both(f"http://{address}")[0].message == "cannot connect: connection refused"


def test_a_socket_that_is_not_there_is_the_same(tmp_path: Path) -> None:
    assert both(f"unix:{tmp_path}/none")[0].message == "cannot connect: no such file or directory"


def test_a_name_that_nobody_has_is_the_same() -> None:
    message = both("http://nobody.invalid:1")[0].message
    assert (message.partition(": ")[0], "Errno" in message) == ("cannot connect", False)


# TLS


@dataclass(frozen=True)
class Certificates:
    """A directory of certificates, and another authority's."""

    own: Path
    foreign: Path

    def client(self, *, of: Path | None = None, shown: str | None = None) -> ssl.SSLContext:
        of = of or self.own
        files = (self.own / f"{shown}.pem", self.own / f"{shown}-key.pem") if shown else (None, None)
        return client_tls(of / "ca.pem", *files)

    def server(self, *protocols: str, asks: bool = False) -> ssl.SSLContext:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=str(self.own / "ca.pem"))
        context.load_cert_chain(self.own / "web-1.pem", self.own / "web-1-key.pem")
        context.set_alpn_protocols(list(protocols))
        context.verify_mode = ssl.CERT_REQUIRED if asks else ssl.CERT_NONE
        return context


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    now = datetime.now(UTC)
    made = Certificates(tmp_path_factory.mktemp("own"), tmp_path_factory.mktemp("foreign"))
    for directory in (made.own, made.foreign):
        certs.init(directory, now=now)
    certs.host("web-1", made.own, addresses=["127.0.0.1"], now=now)
    certs.host("admin", made.own, addresses=[], now=now)
    return made


def test_an_answer_over_tls_is_the_same(certificates: Certificates) -> None:
    with serving(over_tls(certificates.server("h2", asks=True), WHOLE)) as address:
        outcome, batches = both(f"https://{address}", certificates.client(shown="admin"))
    assert (outcome.complete, batches) == (True, [LINES])


@pytest.mark.parametrize(
    ("foreign", "name", "said"),
    [
        (True, "127.0.0.1", "its certificate web-1 (for web-1 and 127.0.0.1, issued by logagent CA"),
        (False, "localhost", "it is for web-1 and 127.0.0.1, not for localhost; address it so"),
    ],
)
def test_a_certificate_that_is_refused_here_is_the_same(
    certificates: Certificates, foreign: bool, name: str, said: str
) -> None:
    trusted = certificates.client(of=certificates.foreign if foreign else None)
    with serving(over_tls(certificates.server("h2"), WHOLE)) as address:
        outcome, _ = both(f"https://{name}:{address.rpartition(':')[2]}", trusted)
    assert said in outcome.message


def test_a_certificate_that_was_revoked_is_the_same(certificates: Certificates) -> None:
    trusted = client_tls(certificates.own / "ca.pem")
    trusted.objection = lambda der: "it was revoked" if der else ""
    with serving(over_tls(certificates.server("h2"), WHOLE)) as address:
        outcome, _ = both(f"https://{address}", trusted)
    assert outcome.message.startswith("its certificate web-1 (for web-1 and 127.0.0.1, issued by logagent CA")
    assert outcome.message.endswith(" is refused: it was revoked")


def test_a_certificate_that_is_asked_for_and_not_shown_is_told(certificates: Certificates) -> None:
    with serving(over_tls(certificates.server("h2", asks=True), WHOLE)) as address:
        outcome, _ = directly(f"https://{address}", certificates.client())
    assert outcome.message == (
        "requires a certificate, and none was shown to it: give `--certs`, or a certificate and its key"
    )


def test_a_port_that_speaks_http_is_the_same(certificates: Certificates) -> None:
    with serving(says(b"HTTP/1.1 400 Bad Request\r\n\r\n")) as address:
        outcome, _ = both(f"https://{address}", certificates.client())
    assert "https was asked of a port that speaks http" in outcome.message


def test_a_port_that_closes_in_the_handshake_is_the_same(certificates: Certificates) -> None:
    with serving(says()) as address:
        outcome, _ = both(f"https://{address}", certificates.client())
    assert outcome.message.startswith("closed the connection in the TLS handshake without saying why")


def test_who_speaks_http_1_only_is_left_to_the_other_way(certificates: Certificates) -> None:
    with serving(over_tls(certificates.server("http/1.1"), says())) as address:
        with pytest.raises(SpeaksHttp1):
            directly(f"https://{address}", certificates.client())
