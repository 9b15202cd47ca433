"""Who a client is by its certificate, and whether that still counts."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.x509.oid import NameOID

from logagent.authority import certs
from logagent.core.access.caller import ANONYMOUS, Caller, Proof
from logagent.core.access.certified import certified
from logagent.core.access.mirrored import mirrored
from logagent.watched_file import LOOK, BadFile
from logagent.web.admission.certificates import CertificateProver
from logagent.web.admission.proving import BadProof, Unnamed
from logagent.web.admission.revocations import Revocations, watched_fingerprints, watched_lists
from testbed.clock import Clock
from testbed.made_certificates import ANY, CLIENT, DAY, SERVER, make
from testbed.revocation_lists import crl

CN, OU = NameOID.COMMON_NAME, NameOID.ORGANIZATIONAL_UNIT_NAME
ALICE = x509.RFC822Name("alice@example.org")


@pytest.fixture(scope="module")
def ours(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("ours")
    certs.init(directory, now=datetime.now(UTC) - 2 * DAY)
    return directory


@pytest.fixture
def clock() -> Clock:
    return Clock(datetime.now(UTC).timestamp())


def scope(der: bytes | None) -> dict[str, Any]:
    return {"state": {"client_certificate": der}}


def listed(ours: Path, path: Path, clock: Clock) -> CertificateProver:
    lists = watched_lists(path, (ours / "ca.pem").read_bytes(), needed=True, clock=clock)
    return CertificateProver(Revocations(lists), now=clock)


async def test_a_persons_certificate_proves_who_asks(ours: Path, tmp_path: Path) -> None:
    der = make(ours, tmp_path, subject=[(OU, "ops"), (CN, "alice")], alternatives=[ALICE]).der
    caller = await CertificateProver().prove(scope(der))
    assert caller == Caller(
        Proof.CERT, "alice", frozenset({"ops"}), certified(der).ends, aliases=frozenset({"alice@example.org"})
    )
    assert (caller.identity, caller.credential) == ("cert:alice", certified(der).fingerprint)


@pytest.mark.parametrize("state", [{}, {"state": {}}, {"state": {"client_certificate": None}}])
async def test_no_certificate_proves_nothing(state: dict[str, Any]) -> None:
    prover = CertificateProver()
    assert (await prover.prove(state), prover.refused(state)) == (None, None)


@pytest.mark.parametrize("purposes", [None, [SERVER], [CLIENT, SERVER], [ANY]])
async def test_a_hosts_certificate_names_nobody(ours: Path, tmp_path: Path, purposes: Any) -> None:
    der = make(ours, tmp_path, subject=[(CN, "web-1")], purposes=purposes).der
    with pytest.raises(Unnamed) as bad:
        await CertificateProver().prove(scope(der))
    assert bad.value.status == 403
    assert bad.value.told == (
        "the client certificate of web-1 is a host's, and proves no person: "
        "`logagent certs client NAME` makes one for a person"
    )


@pytest.mark.filterwarnings("ignore:Attribute's length")
@pytest.mark.parametrize("name", ["", "a\nb"])
async def test_a_certificate_that_names_nobody_is_told_why(ours: Path, tmp_path: Path, name: str) -> None:
    with pytest.raises(Unnamed, match="the client certificate that was shown proves no person: "):
        await CertificateProver().prove(scope(make(ours, tmp_path, subject=[(CN, name)]).der))


async def test_a_certificate_that_has_ended_counts_no_longer(ours: Path, tmp_path: Path, clock: Clock) -> None:
    der = make(ours, tmp_path).der
    prover = CertificateProver(now=clock)
    caller = prover.noted(scope(der), ANONYMOUS)
    assert prover.still_counts(caller)
    clock.now += 31 * DAY.total_seconds()
    with pytest.raises(BadProof, match=r"alice counts no more: it ended on .* UTC; connect again") as bad:
        await prover.prove(scope(der))
    assert (bad.value.status, prover.refused(scope(der))) == (401, (401, bad.value.told))
    assert not prover.still_counts(caller)


@pytest.mark.parametrize("purposes", [[CLIENT], [CLIENT, SERVER]])
async def test_a_revoked_certificate_counts_no_longer_whosever_it_is(
    ours: Path, tmp_path: Path, clock: Clock, purposes: Any
) -> None:
    der, path = make(ours, tmp_path, purposes=purposes).der, tmp_path / "crl.pem"
    path.write_bytes(crl(ours))
    prover = listed(ours, path, clock)
    assert prover.refused(scope(der)) is None
    path.write_bytes(crl(ours, der))
    clock.now += LOOK
    told = "the client certificate of alice counts no more: it was revoked by its authority"
    assert prover.refused(scope(der)) == (403, told)
    with pytest.raises(BadProof, match=told) as bad:
        await prover.prove(scope(der))
    assert not isinstance(bad.value, Unnamed)


async def test_a_caller_whose_certificate_is_revoked_is_proved_no_longer(
    ours: Path, tmp_path: Path, clock: Clock
) -> None:
    path, alice, bob = tmp_path / "revoked", make(ours, tmp_path).der, make(ours, tmp_path).der
    path.write_text("")
    prover = CertificateProver(Revocations(fingerprints=watched_fingerprints(path, clock=clock)), now=clock)
    callers = [prover.noted(scope(der), Caller(Proof.TOKEN, "carol")) for der in (alice, bob, None)]
    path.write_text(certified(alice).fingerprint)
    clock.now += LOOK
    assert [prover.still_counts(caller) for caller in callers] == [False, True, True]
    assert prover.refused(scope(alice)) == (
        403,
        "the client certificate of alice counts no more: it was revoked by its fingerprint",
    )


async def test_another_form_of_a_certificate_is_revoked_with_it(ours: Path, tmp_path: Path, clock: Clock) -> None:
    der, path = make(ours, tmp_path).der, tmp_path / "revoked"
    path.write_text(certified(der).fingerprint)
    prover = CertificateProver(Revocations(fingerprints=watched_fingerprints(path, clock=clock)), now=clock)
    twins = list(mirrored(x509.load_der_x509_certificate(der)))
    assert twins
    assert any(prover.refused(scope(twin)) for twin in twins)


@pytest.mark.parametrize(
    "caller", [ANONYMOUS, Caller(Proof.TOKEN, "alice"), Caller(Proof.CERT, "alice", chain=("web-1",))]
)
def test_callers_without_a_certificate_of_their_own_have_none_that_could_end(caller: Caller) -> None:
    prover = CertificateProver()
    assert prover.noted(scope(None), caller).certificate is None
    assert prover.still_counts(caller)
    assert prover.still_proves(caller)


async def test_what_cannot_be_read_is_refused_where_lists_are_kept(ours: Path, tmp_path: Path, clock: Clock) -> None:
    path = tmp_path / "crl.pem"
    path.write_bytes(crl(ours))
    refused = listed(ours, path, clock).refused(scope(b"garbage"))
    assert refused is not None
    assert "cannot be known whether it was revoked" in refused[1]


async def test_a_list_that_has_ended_counts_and_is_told_of(
    ours: Path, tmp_path: Path, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    alice, bob, path = make(ours, tmp_path).der, make(ours, tmp_path).der, tmp_path / "crl.pem"
    path.write_bytes(crl(ours, alice, begins=-9 * DAY, lasts=DAY))
    prover = listed(ours, path, clock)
    assert [prover.refused(scope(der)) is None for der in (alice, bob) * 3] == [False, True] * 3
    [told] = caplog.messages
    assert "what it holds still counts; what was revoked since, does not" in told


def test_a_list_of_another_authority_ends_the_start(ours: Path, tmp_path: Path, clock: Clock) -> None:
    certs.init(tmp_path, now=datetime.now(UTC))
    path = tmp_path / "crl.pem"
    path.write_bytes(crl(tmp_path))
    with pytest.raises(BadFile, match="is not signed by an authority in use"):
        listed(ours, path, clock)


def test_a_list_of_another_authority_later_changes_nothing(
    ours: Path, tmp_path: Path, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    certs.init(tmp_path / "theirs", now=datetime.now(UTC))
    der, path = make(ours, tmp_path).der, tmp_path / "crl.pem"
    path.write_bytes(crl(ours, der))
    prover = listed(ours, path, clock)
    path.write_bytes(crl(tmp_path / "theirs"))
    clock.now += 10
    assert prover.refused(scope(der)) is not None
    assert "is not signed by an authority in use" in caplog.text
