"""What agents say to each other, and to people, where a certificate is refused."""

from __future__ import annotations

import json
import re
import ssl
from pathlib import Path
from typing import Any

import pytest
import trio
from cryptography import x509
from trio.testing import MockClock

from logagent.core.access.certified import certified
from logagent.core.outcome import Outcome, Status
from logagent.core.wire.end_records import notes_to_json
from logagent.peers.client.tls import client_tls
from logagent.web.access import Access
from logagent.web.admission.certificates import CertificateProver
from logagent.web.admission.proving import Provers
from logagent.web.admission.revocations import Revocations, watched_fingerprints
from logagent.web.server.connections import serve_connection
from logagent.web.server.listening import server_tls
from testbed.asgi import hello
from testbed.certificates import Pki, make_pki
from testbed.cluster import Cluster, start_cluster
from testbed.made_certificates import CLIENT, make

LINES = [b"2026-11-23T10:00:00Z one"]
VERSIONS = [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3]
ANEW = r"`logagent certs host {} DIR{} --overwrite` makes a new one"
ENDED = r"it ended on \d{4}-\d\d-\d\d \d\d:\d\d UTC; " + ANEW.format("ended", "")
NOT_YET = r"it begins on .* UTC only; is the clock of this host right\?"
ONE_AUTHORITY = r"both sides need certificates of one authority .*"


@pytest.fixture(scope="module")
def ours(tmp_path_factory: pytest.TempPathFactory) -> Pki:
    return make_pki(tmp_path_factory.mktemp("tls") / "ours")


@pytest.fixture(scope="module")
def theirs(tmp_path_factory: pytest.TempPathFactory) -> Pki:
    return make_pki(tmp_path_factory.mktemp("tls") / "theirs")


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory: pytest.TempPathFactory) -> Pki:
    return make_pki(tmp_path_factory.mktemp("tls") / "elsewhere", name="web9")


def shown(host: str, names: str = "web1") -> str:
    return rf"{host} \(for {host}, {names} and 127.0.0.1, issued by logagent CA [0-9a-f]+, until [-0-9]+ [0-9:]+ UTC\)"


Told = tuple[str, str]


async def told(
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    server: ssl.SSLContext,
    client: ssl.SSLContext,
    version: ssl.TLSVersion,
) -> Told:
    """What the verdict says of a peer, and what the peer logs."""
    client.maximum_version = version
    async with start_cluster(tmp_path, {"web0": LINES, "web1": LINES}, tls={"web1": (server, client)}) as it:
        reply = await it.ask("filename=app.log")
    assert reply.lines == LINES
    assert not reply.verdict.complete
    [failed] = [part for part in reply.verdict.hosts if part.status is not Status.OK]
    assert (failed.host, failed.status) == ("web1", Status.UNAVAILABLE)
    logged = [record.getMessage() for record in caplog.records if record.name == "logagent.refusals"]
    return failed.message, "\n".join(logged)


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize(
    ("host", "verdict", "log"),
    [
        ("ended", f"its certificate {shown('ended')} is refused: {ENDED}", r"it ended"),
        (
            "future",
            f"its certificate {shown('future')} is refused: {NOT_YET}",
            r"it begins on .* UTC only",
        ),
    ],
)
async def test_certificate_of_a_peer_that_does_not_hold_now(
    autojump_clock: MockClock,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    ours: Pki,
    host: str,
    verdict: str,
    log: str,
    version: ssl.TLSVersion,
) -> None:
    server, client = server_tls(*ours.pair(host), ours.ca), client_tls(ours.ca, *ours.pair("good"))
    message, logged = await told(tmp_path, caplog, server, client, version)
    assert re.fullmatch(verdict, message), message
    assert re.match(f"the client refused the certificate that it was shown, {shown(host)}: {log}", logged), logged


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize(
    ("host", "verdict", "log"),
    [
        ("ended", "it ended; " + ANEW.format("ended", ""), ENDED),
        ("future", "it begins on .* UTC only", NOT_YET),
    ],
)
async def test_certificate_of_this_agent_that_does_not_hold_now(
    autojump_clock: MockClock,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    ours: Pki,
    host: str,
    verdict: str,
    log: str,
    version: ssl.TLSVersion,
) -> None:
    server, client = server_tls(*ours.pair("good"), ours.ca), client_tls(ours.ca, *ours.pair(host))
    message, logged = await told(tmp_path, caplog, server, client, version)
    where = rf"in {host}.pem \(`--tls-certificate`, of a command `--cert`\)"
    assert re.fullmatch(f"refused the certificate that it was shown, {shown(host)} {where}: {verdict}", message), (
        message
    )
    assert re.fullmatch(f"its certificate {shown(host)} is refused: {log}", logged), logged


@pytest.mark.parametrize("version", VERSIONS)
async def test_peer_of_another_authority(
    autojump_clock: MockClock,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    ours: Pki,
    theirs: Pki,
    version: ssl.TLSVersion,
) -> None:
    server, client = server_tls(*theirs.pair("good"), theirs.ca), client_tls(ours.ca, *ours.pair("good"))
    message, logged = await told(tmp_path, caplog, server, client, version)
    refused = rf"it is not issued by logagent CA [0-9a-f]+, and no chain of certificates leads there; {ONE_AUTHORITY}"
    assert re.fullmatch(f"its certificate {shown('good')} is refused: {refused}", message), message
    assert re.search(f"{shown('good')}: its authority is not trusted there; {ONE_AUTHORITY}", logged), logged


@pytest.mark.parametrize("version", VERSIONS)
async def test_agent_of_another_authority(
    autojump_clock: MockClock,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    ours: Pki,
    theirs: Pki,
    version: ssl.TLSVersion,
) -> None:
    server, client = server_tls(*ours.pair("good"), ours.ca), client_tls(ours.ca, *theirs.pair("good"))
    message, logged = await told(tmp_path, caplog, server, client, version)
    assert re.search(rf"{shown('good')} in good.pem .*: its authority is not trusted there; {ONE_AUTHORITY}", message)
    assert re.fullmatch(f"its certificate {shown('good')} is refused: it is not issued by .*", logged), logged


@pytest.mark.parametrize("version", VERSIONS)
async def test_peer_with_the_certificate_of_another_host(
    autojump_clock: MockClock,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    ours: Pki,
    elsewhere: Pki,
    version: ssl.TLSVersion,
) -> None:
    server, client = server_tls(*elsewhere.pair("good"), ours.ca), client_tls(elsewhere.ca, *ours.pair("good"))
    message, logged = await told(tmp_path, caplog, server, client, version)
    remedy = ANEW.format("good", " --address web1")
    told_names = rf"it is for good, web9 and 127\.0\.0\.1, not for web1; address it so, or {remedy}"
    assert re.fullmatch(f"its certificate {shown('good', 'web9')} is refused: {told_names}", message), message
    assert re.search(r"the client refused the certificate .*: bad certificate, says the alert", logged), logged


@pytest.mark.parametrize("version", VERSIONS)
async def test_agent_without_a_certificate_where_one_is_required_by_tls(
    autojump_clock: MockClock, tmp_path: Path, caplog: pytest.LogCaptureFixture, ours: Pki, version: ssl.TLSVersion
) -> None:
    server = server_tls(*ours.pair("good"), ours.ca)
    server.verify_mode = ssl.CERT_REQUIRED
    message, logged = await told(tmp_path, caplog, server, client_tls(ours.ca), version)
    assert message.startswith("requires a certificate, and none was shown to it: give `--certs`")
    assert logged == "the handshake failed: peer did not return a certificate"


async def test_cleartext_asked_of_a_peer_that_speaks_tls(
    autojump_clock: MockClock, tmp_path: Path, caplog: pytest.LogCaptureFixture, ours: Pki
) -> None:
    async with start_cluster(tmp_path, {"web0": LINES, "web1": LINES}) as it:

        async def over_tls(stream: Any) -> None:
            tls = trio.SSLStream(stream, server_tls(*ours.pair("good"), None), server_side=True, https_compatible=True)
            await serve_connection(hello, tls)

        it.network.host("web1", over_tls)
        reply = await it.ask("filename=app.log")
    [failed] = [part for part in reply.verdict.hosts if part.status is not Status.OK]
    assert failed.message == "connection lost: http was asked of a port that speaks https: ask it by https://"


async def test_tls_asked_of_a_peer_that_speaks_cleartext(
    autojump_clock: MockClock, tmp_path: Path, caplog: pytest.LogCaptureFixture, ours: Pki
) -> None:
    server, client = server_tls(*ours.pair("good"), None), client_tls(ours.ca)
    async with start_cluster(tmp_path, {"web0": LINES, "web1": LINES}, tls={"web1": (server, client)}) as it:
        it.network.host("web1", it.servers["web0"])
        reply = await it.ask("filename=app.log")
    [failed] = [part for part in reply.verdict.hosts if part.status is not Status.OK]
    assert failed.message.startswith("https was asked of a port that speaks http: ask it by http://")
    [record] = [record for record in caplog.records if record.name == "logagent.refusals"]
    assert record.getMessage() == "speaks https on a port that speaks http"


async def test_certificate_of_a_peer_that_ends_soon_is_told_in_every_answer(
    autojump_clock: MockClock, tmp_path: Path, ours: Pki
) -> None:
    server, client = server_tls(*ours.pair("soon"), ours.ca), client_tls(ours.ca, *ours.pair("good"))
    async with start_cluster(tmp_path, {"web0": LINES, "web1": LINES}, tls={"web1": (server, client)}) as it:
        reply = await it.ask("filename=app.log")
        hits, files, hosts = [
            await it.ask("filename=app.log", route="/hits", accept="application/json"),
            await it.ask("", route="/files"),
            await it.ask("", route="/hosts"),
        ]
    assert reply.verdict.complete
    for notes in (
        notes_to_json(reply.verdict.notes),
        json.loads(hits.body)["end"]["notes"],
        json.loads(files.body)["notes"],
    ):
        [note] = notes
        assert (note["host"], note["kind"], note["count"]) == ("web1", "certificate", 1)
        assert re.fullmatch(r"web1 until \d{4}-\d\d-\d\d \d\d:\d\d UTC", note["files"][0])
    web0, web1 = json.loads(hosts.body)["hosts"]
    assert (web0["certificate_ends"], web0["message"]) == (None, "")
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", web1["certificate_ends"])
    assert web1["message"].startswith("its certificate: until ")


async def test_certificate_of_a_peer_that_ends_soon_is_told_by_a_follow(
    autojump_clock: MockClock, tmp_path: Path, ours: Pki
) -> None:
    server, client = server_tls(*ours.pair("soon"), ours.ca), client_tls(ours.ca, *ours.pair("good"))
    async with start_cluster(tmp_path, {"web0": LINES, "web1": LINES}, tls={"web1": (server, client)}) as it:
        reply = await it.ask("filename=app.log&follow=true&n=1&timeout=3", accept="application/x-ndjson")
    notices = [json.loads(line)["notice"] for line in reply.lines if b'"notice"' in line]
    assert [notice["host"] for notice in notices if "1 certificate ends within thirty days" in notice["message"]] == [
        "web1"
    ]


async def test_certificate_of_a_peer_that_is_good_for_long_is_not_told(
    autojump_clock: MockClock, tmp_path: Path, ours: Pki
) -> None:
    server, client = server_tls(*ours.pair("good"), ours.ca), client_tls(ours.ca, *ours.pair("good"))
    async with start_cluster(tmp_path, {"web0": LINES, "web1": LINES}, tls={"web1": (server, client)}) as it:
        reply, hosts = await it.ask("filename=app.log"), await it.ask("", route="/hosts")
    assert reply.verdict.notes == ()
    assert json.loads(hosts.body)["hosts"][1]["message"] == ""


def revoked_in(path: Path) -> Revocations:
    """What a file of fingerprints says, looked at by the virtual clock."""
    return Revocations(fingerprints=watched_fingerprints(path, clock=trio.current_time))


def fingerprint(pem: Path) -> str:
    return certified(ssl.PEM_cert_to_DER_cert(pem.read_text())).fingerprint


def failed(verdict: Outcome) -> list[tuple[str, Status, str]]:
    return [(part.host, part.status, part.message) for part in verdict.hosts if part.status is not Status.OK]


REVOKED = rf"its certificate {shown('good')} is refused: it was revoked by its fingerprint"


async def test_peer_whose_certificate_was_revoked_is_asked_nothing_and_named(
    autojump_clock: MockClock, tmp_path: Path, ours: Pki
) -> None:
    revoked = tmp_path / "revoked"
    revoked.write_text(fingerprint(ours.pair("good")[0]))
    server, client = server_tls(*ours.pair("good"), ours.ca), client_tls(ours.ca, *ours.pair("soon"))
    client.objection = revoked_in(revoked).objection
    async with start_cluster(tmp_path, {"web0": LINES, "web1": LINES}, tls={"web1": (server, client)}) as it:
        reply = await it.ask("filename=app.log")
    assert reply.lines == LINES
    [(host, status, message)] = failed(reply.verdict)
    assert (host, status) == ("web1", Status.UNAVAILABLE)
    assert re.fullmatch(REVOKED, message), message


async def test_peer_whose_certificate_is_revoked_while_its_connection_stays_open_is_asked_no_more(
    autojump_clock: MockClock, tmp_path: Path, ours: Pki
) -> None:
    revoked = tmp_path / "revoked"
    revoked.write_text("")
    server, client = server_tls(*ours.pair("good"), ours.ca), client_tls(ours.ca, *ours.pair("soon"))
    client.objection = revoked_in(revoked).objection
    async with start_cluster(tmp_path, {"web0": LINES, "web1": LINES}, tls={"web1": (server, client)}) as it:
        before = await it.ask("filename=app.log")
        revoked.write_text(fingerprint(ours.pair("good")[0]))
        await trio.sleep(1)
        after = await it.ask("filename=app.log")
        revoked.write_text("# it was found again")
        await trio.sleep(5)
        await it.ask("filename=app.log")  # A glance, as at any peer that was away.
        await trio.sleep(5)
        later = await it.ask("filename=app.log")
    assert (before.verdict.complete, len(before.lines)) == (True, 2)
    [(host, _, message)] = failed(after.verdict)
    assert (host, after.lines) == ("web1", LINES)
    assert re.fullmatch(REVOKED, message), message
    assert (later.verdict.complete, len(later.lines)) == (True, 2)


async def test_follow_of_a_peer_whose_certificate_is_revoked_takes_no_more_of_its_lines(
    autojump_clock: MockClock, tmp_path: Path, ours: Pki
) -> None:
    revoked = tmp_path / "revoked"
    revoked.write_text("")
    server, client = server_tls(*ours.pair("good"), ours.ca), client_tls(ours.ca, *ours.pair("soon"))
    client.objection = revoked_in(revoked).objection

    async def revoke_and_write(it: Cluster) -> None:
        await trio.sleep(5)
        revoked.write_text(fingerprint(ours.pair("good")[0]))
        await trio.sleep(1)
        for host in ("web0", "web1"):
            with it.file(host).open("ab") as log:
                log.write(b"2026-11-23T10:00:01Z two\n")

    async with start_cluster(tmp_path, {"web0": LINES, "web1": LINES}, tls={"web1": (server, client)}) as it:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(revoke_and_write, it)
            reply = await it.ask("filename=app.log&follow=true&n=0&timeout=60", accept="application/x-ndjson")
    told = [json.loads(line) for line in reply.lines]
    assert [line["host"] for line in told if "line" in line] == ["web0"], told
    assert "it was revoked by its fingerprint" in reply.body.decode()


async def test_agent_whose_certificate_was_revoked_is_told_so_by_its_peer(
    autojump_clock: MockClock, tmp_path: Path, ours: Pki
) -> None:
    revoked = tmp_path / "revoked"
    revoked.write_text(f"{fingerprint(ours.pair('soon')[0])} stolen")
    prover = CertificateProver(revoked_in(revoked))
    server, client = server_tls(*ours.pair("good"), ours.ca), client_tls(ours.ca, *ours.pair("soon"))
    access = Access(["web1"], certificate_required=True, provers=Provers([prover]), certificates=prover)
    hosts = {"web0": LINES, "web1": LINES}
    async with start_cluster(tmp_path, hosts, tls={"web1": (server, client)}, access={"web1": access}) as it:
        reply = await it.ask("filename=app.log")
    [(host, status, message)] = failed(reply.verdict)
    assert (host, status, reply.lines) == ("web1", Status.PERMISSION_DENIED, LINES)
    assert "the client certificate of soon counts no more: it was revoked by its fingerprint" in message


@pytest.mark.parametrize("version", VERSIONS)
async def test_peer_that_shows_a_persons_certificate_is_refused(
    autojump_clock: MockClock,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    ours: Pki,
    version: ssl.TLSVersion,
) -> None:
    person = make(ours.directory, tmp_path / "made", alternatives=[x509.DNSName("web1")], purposes=[CLIENT])
    server, client = server_tls(person.certificate, person.key, ours.ca), client_tls(ours.ca, *ours.pair("good"))
    message, _ = await told(tmp_path, caplog, server, client, version)
    assert message.startswith("its certificate alice (for web1, issued by ")
    assert message.endswith(
        " is refused: its purposes do not let it serve as a host's; `logagent certs host` makes one that does"
    )
