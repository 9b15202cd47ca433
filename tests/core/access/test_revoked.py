"""Lists of revoked certificates: which are taken, what they hold, and what is said of the others."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from logagent.authority import certs
from logagent.core.access.certified import certified
from logagent.core.access.revoked import BadRevocations, fingerprints_in, lists_in
from testbed.made_certificates import DAY, Made, make
from testbed.revocation_lists import crl

PRINT = "0123456789abcdef" * 4
COLONS = ":".join(re.findall("..", PRINT.upper()))


@pytest.fixture(scope="module")
def ours(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return authority(tmp_path_factory.mktemp("ours"))


@pytest.fixture(scope="module")
def theirs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return authority(tmp_path_factory.mktemp("theirs"))


def authority(directory: Path) -> Path:
    certs.init(directory, now=datetime.now(UTC) - 2 * DAY)
    return directory


@pytest.fixture(scope="module")
def alice(ours: Path, tmp_path_factory: pytest.TempPathFactory) -> Made:
    return make(ours, tmp_path_factory.mktemp("alice"))


@pytest.fixture(scope="module")
def bob(ours: Path, tmp_path_factory: pytest.TempPathFactory) -> Made:
    return make(ours, tmp_path_factory.mktemp("bob"))


def pem(*authorities: Path) -> bytes:
    return b"".join((directory / "ca.pem").read_bytes() for directory in authorities)


@pytest.mark.parametrize("encoding", [Encoding.PEM, Encoding.DER])
def test_a_list_holds_what_was_revoked_and_nothing_else(ours: Path, alice: Made, bob: Made, encoding: Encoding) -> None:
    [read] = lists_in(crl(ours, alice.der, encoding=encoding), pem(ours))
    assert (read.holds(certified(alice.der)), read.holds(certified(bob.der))) == (True, False)


def test_an_empty_list_holds_nothing(ours: Path, alice: Made) -> None:
    [read] = lists_in(crl(ours), pem(ours))
    assert not read.holds(certified(alice.der))


def test_a_file_may_hold_several_lists_of_several_authorities(
    ours: Path, theirs: Path, alice: Made, bob: Made, tmp_path: Path
) -> None:
    carol = make(theirs, tmp_path)
    content = crl(ours, alice.der) + b"text between\n" + crl(theirs, carol.der) + crl(ours, bob.der)
    read = lists_in(content, pem(theirs, ours))
    assert all(any(one.holds(certified(made.der)) for one in read) for made in (alice, bob, carol))


def test_a_serial_number_counts_for_its_own_authority_only(
    ours: Path, theirs: Path, alice: Made, tmp_path: Path
) -> None:
    [read] = lists_in(crl(theirs, alice.der), pem(ours, theirs))
    assert not read.holds(certified(alice.der))


def test_a_list_says_until_when_it_is_the_newest(ours: Path) -> None:
    [read] = lists_in(crl(ours, begins=-5 * DAY, lasts=timedelta(days=2)), pem(ours))
    assert read.ends is not None
    assert read.ends < datetime.now(UTC).timestamp()


@pytest.mark.parametrize(
    ("extension", "said"),
    [
        (x509.DeltaCRLIndicator(1), "delta CRL"),
        (
            x509.IssuingDistributionPoint(None, None, False, False, None, True, False),
            "part of a list only, or another authority's",
        ),
        (
            x509.IssuingDistributionPoint(None, None, False, True, None, False, False),
            "part of a list only, or another authority's",
        ),
        (x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4"), b"\5\0"), "critical extension"),
    ],
)
def test_a_list_that_would_be_misunderstood_is_refused(ours: Path, extension: x509.ExtensionType, said: str) -> None:
    with pytest.raises(BadRevocations, match=said):
        lists_in(crl(ours, extensions=[(extension, True)]), pem(ours))


def test_a_list_of_persons_only_is_taken(ours: Path, alice: Made) -> None:
    users = x509.IssuingDistributionPoint(None, None, True, False, None, False, False)
    [read] = lists_in(crl(ours, alice.der, extensions=[(users, True)]), pem(ours))
    assert read.holds(certified(alice.der))


def test_a_list_of_another_authority_is_refused(ours: Path, theirs: Path, alice: Made) -> None:
    with pytest.raises(BadRevocations, match=r"is not signed by an authority in use: .* tls_ca"):
        lists_in(crl(ours, alice.der) + crl(theirs), pem(ours))


def test_a_list_in_the_name_of_an_authority_that_has_not_signed_it_is_refused(
    ours: Path, tmp_path: Path, alice: Made
) -> None:
    other = authority(tmp_path)
    name = x509.load_pem_x509_certificate(pem(ours)).subject
    signed = x509.load_pem_x509_crl(crl(other, alice.der))
    assert signed.issuer != name
    (tmp_path / "ca.pem").write_bytes(pem(ours))  # The key stays the other's.
    with pytest.raises(BadRevocations, match="is not signed by an authority in use"):
        lists_in(crl(tmp_path, alice.der), pem(ours))


@pytest.mark.parametrize("spoil", [lambda der: der[:-1] + bytes([der[-1] ^ 1]), lambda der: der[:100]])
def test_a_list_that_was_changed_is_refused(ours: Path, alice: Made, spoil: object) -> None:
    assert callable(spoil)
    with pytest.raises(BadRevocations):
        lists_in(spoil(crl(ours, alice.der, encoding=Encoding.DER)), pem(ours))


@pytest.mark.parametrize("content", [b"", b"  \n", b"garbage", b"-----BEGIN X509 CRL-----\nMII"])
def test_what_is_no_list_is_refused_with_what_would_be_right(ours: Path, content: bytes) -> None:
    with pytest.raises(BadRevocations, match="it holds no revocation list"):
        lists_in(content, pem(ours))


def test_a_certificate_in_its_place_is_refused(ours: Path) -> None:
    with pytest.raises(BadRevocations, match="it holds no revocation list"):
        lists_in(pem(ours), pem(ours))


def test_a_list_that_is_cut_off_behind_another_is_refused(ours: Path) -> None:
    with pytest.raises(BadRevocations, match="it holds no revocation list"):
        lists_in(crl(ours) + crl(ours)[:200], pem(ours))


def test_without_an_authority_nothing_can_be_checked(ours: Path) -> None:
    with pytest.raises(BadRevocations, match="give tls_ca"):
        lists_in(crl(ours), b"")


@pytest.mark.parametrize(
    "line",
    [
        PRINT,
        PRINT.upper(),
        COLONS,
        f"  {COLONS}  ",
        f"{PRINT} alice, her laptop was stolen",
        f"{COLONS}\t# alice",
        f"{PRINT}#alice",
        f"sha256 Fingerprint={COLONS}",
        f"SHA256 Fingerprint={COLONS}",
        f"sha256:{PRINT}",
        f"\ufeff{PRINT}",
        f"# who left\r\n\r\n{PRINT}\r\n",
    ],
)
def test_fingerprints_as_people_and_programs_write_them(line: str) -> None:
    assert fingerprints_in(line.encode()) == {PRINT}


def test_an_empty_list_of_fingerprints_is_one() -> None:
    assert fingerprints_in(b"") == fingerprints_in(b"# nobody\n\n") == frozenset()


@pytest.mark.parametrize(
    "line", [PRINT[1:], f"{PRINT}0", COLONS[:-3], "alice", f"{PRINT[:30]} {PRINT[30:]}", "\x00", f"{PRINT}:00"]
)
def test_a_line_that_is_no_fingerprint_is_named(line: str) -> None:
    with pytest.raises(BadRevocations, match=r"line 2, .* 64 hexadecimal digits.*openssl x509"):
        fingerprints_in(f"{PRINT}\n{line}\n".encode())


def test_a_fingerprint_by_sha1_is_told_to_be_one() -> None:
    sha1 = ":".join(["AB"] * 20)
    with pytest.raises(BadRevocations, match="that of SHA-1 does not do"):
        fingerprints_in(f"SHA1 Fingerprint={sha1}".encode())
