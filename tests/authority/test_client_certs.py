"""The certificates of people: what they hold, whose files they are, and which names are refused."""

from __future__ import annotations

import ssl
import stat
import unicodedata
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID

from logagent.authority import certs
from logagent.authority.client_certs import MOST_GROUPS, client
from logagent.authority.signing import CertsError
from logagent.core.access.certified import CertificateKind, Certified, certified

NOW = datetime.now(UTC)


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    certs.init(tmp_path, now=NOW)
    return tmp_path


def load(path: Path) -> x509.Certificate:
    return x509.load_pem_x509_certificate(path.read_bytes())


def read(path: Path) -> Certified:
    return certified(load(path).public_bytes(Encoding.DER))


def test_a_persons_certificate_serves_for_a_client_and_for_nothing_else(directory: Path) -> None:
    path, key = client("alice@example.org", directory, groups=["ops", "dba", "ops"], now=NOW)
    made = load(path)
    purposes = made.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert list(purposes) == [ExtendedKeyUsageOID.CLIENT_AUTH]
    assert made.subject.rfc4514_string() == "CN=alice@example.org,OU=dba,OU=ops"
    names = made.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert list(names) == [x509.RFC822Name("alice@example.org")]
    held = read(path)
    assert (held.kind, held.name, held.groups) == (CertificateKind.PERSON, "alice@example.org", {"ops", "dba"})
    assert (path.name, key.name) == ("alice@example.org.pem", "alice@example.org-key.pem")
    assert (stat.S_IMODE(path.stat().st_mode), stat.S_IMODE(key.stat().st_mode)) == (0o644, 0o600)


def test_a_name_that_is_no_address_of_mail_stands_in_the_subject_alone(directory: Path) -> None:
    path, _ = client("ci", directory, now=NOW)
    with pytest.raises(x509.ExtensionNotFound):
        load(path).extensions.get_extension_for_class(x509.SubjectAlternativeName)
    assert (read(path).name, read(path).aliases) == ("ci", frozenset())


def test_it_holds_for_a_year_or_as_asked_and_no_longer_than_its_authority(tmp_path: Path) -> None:
    certs.init(tmp_path, now=NOW, days=500)
    ends = [
        load(client(name, tmp_path, now=NOW, **asked)[0]).not_valid_after_utc  # type: ignore[arg-type]
        for name, asked in {"a": {}, "b": {"days": 7}, "c": {"days": 900}}.items()
    ]
    until = NOW.replace(microsecond=0)
    assert ends == [until + timedelta(days=days) for days in (365, 7, 500)]


def test_a_host_and_a_person_of_one_name_do_not_take_each_others_files(directory: Path) -> None:
    host, _ = certs.host("web-1", directory, now=NOW)
    person, _ = client("alice", directory, now=NOW)
    before = {path.name: path.read_bytes() for path in directory.iterdir()}
    with pytest.raises(CertsError, match=r"web-1\.pem is a host's certificate, and is left as it is"):
        client("web-1", directory, now=NOW, overwrite=True)
    with pytest.raises(CertsError, match=r"alice\.pem is a person's certificate, and is left as it is"):
        certs.host("alice", directory, now=NOW, overwrite=True)
    assert {path.name: path.read_bytes() for path in directory.iterdir()} == before
    assert (read(host).kind, read(person).kind) == (CertificateKind.HOST, CertificateKind.PERSON)


def test_a_persons_files_are_replaced_only_when_that_is_allowed(directory: Path) -> None:
    path, _ = client("alice", directory, now=NOW)
    before = path.read_bytes()
    with pytest.raises(CertsError, match=r"alice\.pem is there already"):
        client("alice", directory, now=NOW)
    assert path.read_bytes() == before
    client("alice", directory, now=NOW, overwrite=True)
    assert path.read_bytes() != before


@pytest.mark.parametrize(
    "name",
    [
        *(
            "",
            " ",
            " alice",
            "alice ",
            ".alice",
            "-alice",
            "a/b",
            "../a",
            "a\\b",
            "a\nb",
            "a\0b",
            "a\u202eb",
            "a\u200bb",
        ),
        *("*", "al?ce", "[a]", "cert:alice", 'a"b', "a,b", "ca", "CA", "crl", "issued", "alice-key", "a" * 65),
    ],
)
def test_a_name_that_would_be_misread_is_refused(directory: Path, name: str) -> None:
    before = sorted(directory.iterdir())
    with pytest.raises(CertsError, match=r"cannot be a person's name: |cannot be the name of a group"):
        client(name, directory, now=NOW)
    assert sorted(directory.iterdir()) == before


@pytest.mark.parametrize("group", ["", "a:b", "a*", "a\nb", "a,b", "g" * 65])
def test_a_group_that_would_be_misread_is_refused(directory: Path, group: str) -> None:
    with pytest.raises(CertsError, match="cannot be the name of a group"):
        client("alice", directory, groups=[group], now=NOW)


def test_how_many_groups_one_certificate_holds_is_bounded(directory: Path) -> None:
    with pytest.raises(CertsError, match=f"holds {MOST_GROUPS} groups at most"):
        client("alice", directory, groups=[f"g{number}" for number in range(MOST_GROUPS + 1)], now=NOW)


@pytest.mark.parametrize(
    "name", ["alice", "o'brien@example.org", "Zoë Müller", "李", "a.b_c+d@x", "anonymous", "web-1"]
)
def test_a_good_name_is_in_the_certificate(directory: Path, name: str) -> None:
    path, _ = client(name, directory, now=NOW)
    assert (read(path).name, read(path).fault) == (name, "")


def test_a_name_is_composed_as_people_type_it(directory: Path) -> None:
    path, _ = client(unicodedata.normalize("NFD", "Zoë"), directory, groups=["Be\u0301"], now=NOW)
    assert (read(path).name, read(path).groups) == ("Zoë", {"Bé"})


def test_openssl_takes_it_from_a_client_and_not_from_a_server(directory: Path) -> None:
    path, key = client("alice@example.org", directory, now=NOW)
    assert is_refused(directory, path, key, serves=True)
    assert not is_refused(directory, path, key, serves=False)


def is_refused(directory: Path, path: Path, key: Path, *, serves: bool) -> bool:
    """Whether a person's certificate is refused of a server, or else of a client."""
    certs.host("web-1", directory, now=NOW, overwrite=True)
    own = (directory / "web-1.pem", directory / "web-1-key.pem")
    server, client_side = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    client_side.check_hostname = False
    for context, pair in ((server, (path, key) if serves else own), (client_side, own if serves else (path, key))):
        context.verify_mode = ssl.CERT_REQUIRED
        context.verify_flags |= ssl.VERIFY_X509_STRICT
        context.load_verify_locations(directory / "ca.pem")
        context.load_cert_chain(*pair)
    up, down = ssl.MemoryBIO(), ssl.MemoryBIO()
    sides = [client_side.wrap_bio(down, up), server.wrap_bio(up, down, server_side=True)]
    for side in sides * 4:
        try:
            side.do_handshake()
        except ssl.SSLWantReadError:
            continue
        except ssl.SSLCertVerificationError:
            return True
    return False
