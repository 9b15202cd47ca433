"""Who is served over TLS, by the certificate that he shows: each kind is taken or refused as it should be."""

from __future__ import annotations

import json
import ssl
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
import trio
from cryptography import x509
from cryptography.x509.oid import NameOID
from trio.testing import MockClock

from logagent.authority import certs, revoking
from logagent.authority.client_certs import client
from logagent.core.access.certified import certified
from logagent.core.access.rules import Rule, Rules
from logagent.core.outcome import Status
from logagent.core.wire.verdict import from_trailers
from logagent.peers.client.http_client import connect, trailers
from logagent.peers.client.tls import client_tls
from logagent.web.access import Access
from logagent.web.admission.certificates import CertificateProver
from logagent.web.admission.proving import Provers
from logagent.web.admission.revocations import Revocations, watched_fingerprints, watched_lists
from logagent.web.rights import RightsWatch
from logagent.web.server.listening import server_tls
from testbed.cluster import start_cluster
from testbed.made_certificates import ANY, CLIENT, DAY, MAIL, SERVER, Made, make
from testbed.revocation_lists import crl
from testbed.shows import Shows

NOW = datetime.now(UTC)
CN, OU = NameOID.COMMON_NAME, NameOID.ORGANIZATIONAL_UNIT_NAME
LINES = [b"2026-11-23T10:00:00Z one"]
VERSIONS = [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3]
ALICE = Rules([Rule(True, ("cert:alice",))])
Told = tuple[int, str]


@pytest.fixture(scope="module")
def ours(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return authority(tmp_path_factory.mktemp("ours"))


@pytest.fixture(scope="module")
def theirs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return authority(tmp_path_factory.mktemp("theirs"))


def authority(directory: Path) -> Path:
    certs.init(directory, now=NOW - 40 * DAY)
    certs.host("web0", directory, now=NOW - 40 * DAY)
    return directory


class Served:
    """An agent over TLS, in memory."""

    def __init__(self, ours: Path, network: Any) -> None:
        self._ours = ours
        self._network = network

    @asynccontextmanager
    async def client(
        self, made: Made | None, version: ssl.TLSVersion | None = None
    ) -> AsyncIterator[httpx.AsyncClient]:
        pair = () if made is None else (made.certificate, made.key)
        tls = client_tls(self._ours / "ca.pem", *pair)
        tls.maximum_version = version or tls.maximum_version
        async with connect("https://web0", tls=tls, network=self._network) as asking:
            yield asking

    async def told(self, made: Made | None, version: ssl.TLSVersion | None = None) -> Told:
        """The status and what is said of it; 0: there is no TLS."""
        async with self.client(made, version) as asking:
            try:
                return answer(await asking.get("/logs?filename=app.log"))
            except httpx.TransportError as error:
                return 0, str(error)


def answer(response: httpx.Response) -> Told:
    return response.status_code, "" if response.status_code == 200 else json.loads(response.content)["detail"]


@asynccontextmanager
async def served(
    ours: Path,
    directory: Path,
    *,
    rules: Rules = ALICE,
    revocations: Revocations | None = None,
    now: Callable[[], float] | None = None,
    required: bool = True,
) -> AsyncIterator[Served]:
    prover = CertificateProver(revocations, **({} if now is None else {"now": now}))
    access = Access(
        ["web0"],
        certificate_required=required,
        host="web0",
        rules=rules,
        provers=Provers([prover]),
        certificates=prover,
    )
    own, ca = (ours / "web0.pem", ours / "web0-key.pem"), ours / "ca.pem"
    tls = {"web0": (server_tls(*own, ca), client_tls(ca))}
    async with (
        start_cluster(directory, {"web0": LINES}, tls=tls, access={"web0": access}) as it,
        trio.open_nursery() as nursery,
    ):
        nursery.start_soon(RightsWatch(lambda: it.answers["web0"].all, access, None).run)
        yield Served(ours, it.network)
        nursery.cancel_scope.cancel()


def host(*names: str) -> dict[str, Any]:
    return {"subject": [(CN, name) for name in names[:1]], "purposes": [CLIENT, SERVER]}


NO_PERSON = "proves no person: "
TABLE: Sequence[tuple[str, dict[str, Any], int, str]] = [
    ("a person's whom a rule names", {}, 200, ""),
    ("a person's with another purpose besides", {"purposes": [CLIENT, MAIL]}, 200, ""),
    ("a person's whom no rule names", {"subject": [(CN, "bob")]}, 403, "cert:bob"),
    ("a person's who is named like a host", {"subject": [(CN, "web0")]}, 403, "cert:web0"),
    ("a host's", host("web0"), 403, "is a host's, and proves no person"),
    ("a host's that is named like a person", host("alice"), 403, "alice is a host's, and proves no person"),
    ("one without purposes", {"purposes": None}, 403, "is a host's, and proves no person"),
    ("one for any purpose", {"purposes": [ANY, CLIENT]}, 403, "is a host's, and proves no person"),
    ("one for any purpose alone", {"purposes": [ANY]}, 0, "says the alert"),
    ("one for servers only", {"purposes": [SERVER]}, 0, "says the alert"),
    ("one for mail only", {"purposes": [MAIL]}, 0, "says the alert"),
    ("one that has ended", {"begins": -9 * DAY, "lasts": DAY}, 0, "it ended"),
    ("one that has not begun", {"begins": DAY}, 0, "it begins on"),
    ("one that names nobody", {"subject": []}, 403, NO_PERSON + "it names nobody"),
    ("one whose common name is empty", {"subject": [(CN, "")]}, 403, NO_PERSON + "it names nobody"),
    ("one with a new line in its name", {"subject": [(CN, "alice\n")]}, 403, NO_PERSON),
    ("one with a zero in its name", {"subject": [(CN, "alice\0.example")]}, 403, NO_PERSON),
    ("one with an invisible letter", {"subject": [(CN, "alice\u200b")]}, 403, NO_PERSON),
    ("one with a space behind its name", {"subject": [(CN, "alice ")]}, 403, "cert:alice "),
    ("one in other letters", {"subject": [(CN, "Alice")]}, 403, "cert:Alice"),
    ("one in letters that look alike", {"subject": [(CN, "\u0430lice")]}, 403, "cert:\u0430lice"),
    ("one whose name holds a proof", {"subject": [(CN, "cert:alice")]}, 403, "cert:cert:alice"),
    ("one whose name is a glob", {"subject": [(CN, "*")]}, 403, "cert:*"),
    ("one with quotes", {"subject": [(CN, "a\"li'ce")]}, 403, "cert:a\"li'ce"),
    ("one whose group is a name", {"subject": [(OU, "alice"), (CN, "bob")]}, 403, "cert:bob"),
]


@pytest.mark.filterwarnings("ignore:Attribute's length")
@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize(("asked", "status", "said"), [row[1:] for row in TABLE], ids=[row[0] for row in TABLE])
async def test_a_certificate_is_taken_or_refused(
    autojump_clock: MockClock,
    ours: Path,
    tmp_path: Path,
    asked: dict[str, Any],
    status: int,
    said: str,
    version: ssl.TLSVersion,
) -> None:
    made = make(ours, tmp_path / "made", **asked)
    async with served(ours, tmp_path) as it:
        told = await it.told(made, version)
    assert (told[0], said in told[1]) == (status, True), told


@pytest.mark.parametrize("required", [True, False])
async def test_a_certificate_of_another_authority_is_refused_in_the_handshake(
    autojump_clock: MockClock, ours: Path, theirs: Path, tmp_path: Path, required: bool
) -> None:
    async with served(ours, tmp_path, required=required) as it:
        status, said = await it.told(make(theirs, tmp_path / "made"))
    assert (status, "its authority is not trusted there" in said) == (0, True), said


@pytest.mark.parametrize("required", [True, False])
async def test_without_a_certificate_nobody_is_proved(
    autojump_clock: MockClock, ours: Path, tmp_path: Path, required: bool
) -> None:
    async with served(ours, tmp_path, required=required) as it:
        status, said = await it.told(None)
    assert (status, "alice" in said) == (401, False), said


@pytest.mark.parametrize("who", ["cert:alice@example.org", "cert:*@example.org", "group:cert:ops", "group:ops"])
async def test_a_rule_names_an_alternative_name_or_a_group(
    autojump_clock: MockClock, ours: Path, tmp_path: Path, who: str
) -> None:
    mail = [x509.RFC822Name("alice@example.org")]
    member = make(ours, tmp_path / "made", subject=[(OU, "ops"), (CN, "Alice A.")], alternatives=mail)
    async with served(ours, tmp_path, rules=Rules([Rule(True, (who,))])) as it:
        assert (await it.told(member))[0] == 200
        assert (await it.told(make(ours, tmp_path / "made", subject=[(CN, "bob")])))[0] == 403


async def test_without_rules_a_hosts_certificate_serves_for_a_person_as_before(
    autojump_clock: MockClock, ours: Path, tmp_path: Path
) -> None:
    async with served(ours, tmp_path, rules=Rules()) as it:
        assert (await it.told(make(ours, tmp_path / "made", **host("web0"))))[0] == 200
        assert (await it.told(make(ours, tmp_path / "made", subject=[(CN, "a\nb")])))[0] == 200


@pytest.mark.parametrize("rules", [ALICE, Rules()])
@pytest.mark.parametrize("how", ["list", "fingerprint"])
async def test_a_certificate_that_is_revoked_counts_no_more_on_an_open_connection(
    autojump_clock: MockClock, ours: Path, tmp_path: Path, rules: Rules, how: str
) -> None:
    made, other, path = make(ours, tmp_path / "made"), make(ours, tmp_path / "made"), tmp_path / "revoked"
    if how == "list":
        path.write_bytes(crl(ours))
        authorities = (ours / "ca.pem").read_bytes()
        revocations = Revocations(watched_lists(path, authorities, needed=True, clock=trio.current_time))
    else:
        path.write_text("")
        revocations = Revocations(fingerprints=watched_fingerprints(path, clock=trio.current_time))
    async with (
        served(ours, tmp_path, rules=rules, revocations=revocations) as it,
        it.client(made) as alice,
        it.client(other) as hers_too,
    ):
        before = answer(await alice.get("/logs?filename=app.log"))
        if how == "list":
            path.write_bytes(crl(ours, made.der))
        else:
            path.write_text(certified(made.der).fingerprint)
        await trio.sleep(1)
        after, besides = [answer(await asking.get("/logs?filename=app.log")) for asking in (alice, hers_too)]
        health = await alice.get("/healthz")
    assert (before, besides) == ((200, ""), (200, ""))
    why = "authority" if how == "list" else "fingerprint"
    assert after == (403, f"the client certificate of alice counts no more: it was revoked by its {why}")
    assert health.status_code == 200
    assert "counts no more" in health.json()["refuses"]


async def test_a_hosts_certificate_that_is_revoked_counts_no_more(
    autojump_clock: MockClock, ours: Path, tmp_path: Path
) -> None:
    made, path = make(ours, tmp_path / "made", **host("web1")), tmp_path / "crl.pem"
    path.write_bytes(crl(ours, made.der))
    lists = watched_lists(path, (ours / "ca.pem").read_bytes(), needed=True, clock=trio.current_time)
    async with served(ours, tmp_path, rules=Rules(), revocations=Revocations(lists)) as it:
        assert (await it.told(made))[0] == 403


async def test_a_certificate_that_ends_while_its_connection_stays_open_counts_no_more(
    autojump_clock: MockClock, ours: Path, tmp_path: Path
) -> None:
    made, now = make(ours, tmp_path / "made"), NOW.timestamp()
    async with served(ours, tmp_path, now=lambda: now) as it, it.client(made) as alice:
        before = answer(await alice.get("/logs?filename=app.log"))
        now += 40 * DAY.total_seconds()
        status, said = answer(await alice.get("/logs?filename=app.log"))
    assert (before, status) == ((200, ""), 401)
    assert said.startswith("the client certificate of alice counts no more: it ended on ")


async def test_a_renewed_certificate_counts_beside_the_one_that_was_revoked(
    autojump_clock: MockClock, tmp_path: Path
) -> None:
    ours = authority(tmp_path / "own")
    pair = client("alice", ours, now=NOW)
    old = Made(*(path.rename(tmp_path / path.name) for path in pair), b"")
    path, _ = revoking.revoke("alice", ours, now=NOW)
    new = Made(*client("alice", ours, now=NOW), b"")
    lists = watched_lists(path, (ours / "ca.pem").read_bytes(), needed=True, clock=trio.current_time)
    async with served(ours, tmp_path, revocations=Revocations(lists)) as it:
        assert [(await it.told(made))[0] for made in (old, new)] == [403, 200]


@pytest.mark.parametrize("purposes", [[CLIENT], [CLIENT, SERVER]])
async def test_a_follow_ends_when_its_certificate_is_revoked(
    autojump_clock: MockClock, ours: Path, tmp_path: Path, purposes: Any
) -> None:
    made, path = make(ours, tmp_path / "made", purposes=purposes), tmp_path / "revoked"
    path.write_text("")
    revocations = Revocations(fingerprints=watched_fingerprints(path, clock=trio.current_time))
    rules = ALICE if purposes == [CLIENT] else Rules()
    async with served(ours, tmp_path, rules=rules, revocations=revocations) as it, it.client(made) as alice:
        async with alice.stream("GET", "/logs?filename=app.log&follow=true&n=1&timeout=600") as response:
            await trio.sleep(5)
            path.write_text(certified(made.der).fingerprint)
            begun = trio.current_time()
            body = await response.aread()
            took = trio.current_time() - begun
            verdict = from_trailers(trailers(response))
    assert body.splitlines() == LINES
    assert (verdict.status, verdict.complete) == (Status.PERMISSION_DENIED, False)
    assert took <= 1


@pytest.mark.parametrize("purposes", [[CLIENT], [CLIENT, SERVER]])
async def test_whoever_was_admitted_is_so_no_longer_when_the_certificate_of_his_connection_is_revoked(
    ours: Path, tmp_path: Path, purposes: Any
) -> None:
    made, path, now = make(ours, tmp_path / "made", purposes=purposes), tmp_path / "revoked", 0.0
    path.write_text("")
    prover = CertificateProver(Revocations(fingerprints=watched_fingerprints(path, clock=lambda: now)))
    shows = Provers([Shows(), prover])
    access = Access(["web0"], certificate_required=True, provers=shows, certificates=prover)
    scope = {"scheme": "https", "state": {"client_certificate": made.der}, "headers": []}
    with_token = {**scope, "headers": [(b"shows", b"token:alice")]}
    callers = [await access.admit(scope), await access.admit(with_token)]
    assert [access.still_admits(caller) for caller in callers] == [True, True]
    path.write_text(certified(made.der).fingerprint)
    now = 1.0
    assert [access.still_admits(caller) for caller in callers] == [False, False]
