"""The certificates agents show each other: who accepts them, who may read them, and what is never replaced."""

import datetime
import errno
import os
import ssl
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography import x509

from logagent.authority import certs, signing
from logagent.authority.signing import CertsError

NOW = datetime.datetime.now(datetime.UTC)  # OpenSSL checks certificates against the real clock


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    made = tmp_path / "certs"
    certs.init(made, now=NOW)
    return made


def load(path: Path) -> x509.Certificate:
    return x509.load_pem_x509_certificate(path.read_bytes())


def context(side: int, directory: Path, name: str, trusted: Path) -> ssl.SSLContext:
    made = ssl.SSLContext(side)
    made.verify_mode = ssl.CERT_REQUIRED
    made.verify_flags |= ssl.VERIFY_X509_STRICT
    made.load_verify_locations(trusted / "ca.pem")
    made.load_cert_chain(directory / f"{name}.pem", directory / f"{name}-key.pem")
    return made


class Talk:
    """A TLS handshake of two hosts in memory, each showing its certificate and trusting one authority."""

    def __init__(self, server: ssl.SSLContext, client: ssl.SSLContext, called: str) -> None:
        up, down = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.server = server.wrap_bio(up, down, server_side=True)
        self.client = client.wrap_bio(down, up, server_hostname=called)

    def shake_hands(self) -> bool:
        """Whether both come to an end; raises what one of them says against the other."""
        waiting = [self.client, self.server]
        for _ in range(10):
            waiting = [side for side in waiting if not self._done(side)]
        return not waiting

    def _done(self, side: ssl.SSLObject) -> bool:
        try:
            side.do_handshake()
        except ssl.SSLWantReadError:
            return False
        return True


def talk(directory: Path, called: str, *, client_from: Path | None = None, client_trusts: Path | None = None) -> Talk:
    server = context(ssl.PROTOCOL_TLS_SERVER, directory, "web-1", directory)
    client = context(ssl.PROTOCOL_TLS_CLIENT, client_from or directory, "db-2", client_trusts or directory)
    return Talk(server, client, called)


@pytest.fixture
def two_hosts(directory: Path) -> Path:
    certs.host("web-1", directory, addresses=["10.0.0.1", "fd00::1", "web-1.example.com"], now=NOW)
    certs.host("db-2", directory, now=NOW)
    return directory


@pytest.fixture
def strangers(tmp_path: Path) -> Path:
    other = tmp_path / "other"
    certs.init(other, now=NOW)
    certs.host("db-2", other, now=NOW)
    return other


@pytest.mark.parametrize("called", ["web-1", "web-1.example.com", "10.0.0.1", "fd00::1"])
def test_two_hosts_of_one_authority_accept_each_other_by_every_address(two_hosts: Path, called: str) -> None:
    both = talk(two_hosts, called)
    assert both.shake_hands()
    seen = both.server.getpeercert(binary_form=True)
    assert seen is not None
    assert certs.names(seen) == ("db-2",)


@pytest.mark.parametrize("called", ["db-2", "localhost", "127.0.0.1", "10.0.0.2"])
def test_a_host_is_not_accepted_by_an_address_that_was_not_given(two_hosts: Path, called: str) -> None:
    with pytest.raises(ssl.SSLCertVerificationError, match="mismatch"):
        talk(two_hosts, called).shake_hands()


def test_loopback_is_accepted_where_given(directory: Path) -> None:
    certs.host("web-1", directory, addresses=["localhost", "127.0.0.1", "::1"], now=NOW)
    certs.host("db-2", directory, now=NOW)
    assert all(talk(directory, called).shake_hands() for called in ("localhost", "127.0.0.1", "::1"))


def test_a_client_refuses_a_server_of_another_authority(two_hosts: Path, strangers: Path) -> None:
    with pytest.raises(ssl.SSLCertVerificationError):
        talk(two_hosts, "web-1", client_trusts=strangers).shake_hands()


def test_a_server_refuses_a_client_of_another_authority(two_hosts: Path, strangers: Path) -> None:
    with pytest.raises(ssl.SSLCertVerificationError):
        talk(two_hosts, "web-1", client_from=strangers).shake_hands()


def test_an_ended_certificate_is_refused(directory: Path) -> None:
    certs.host("web-1", directory, now=NOW - datetime.timedelta(days=3), days=2)
    certs.host("db-2", directory, now=NOW)
    with pytest.raises(ssl.SSLCertVerificationError, match="expired"):
        talk(directory, "web-1").shake_hands()


def test_a_host_cannot_sign_for_others(two_hosts: Path) -> None:
    (two_hosts / "web-1.pem").rename(two_hosts / "ca.pem")
    (two_hosts / "web-1-key.pem").rename(two_hosts / "ca-key.pem")
    certs.host("web-1", two_hosts, now=NOW)
    with pytest.raises(ssl.SSLCertVerificationError):
        talk(two_hosts, "web-1").shake_hands()


def test_a_certificate_says_what_it_is_for(two_hosts: Path) -> None:
    extensions = load(two_hosts / "web-1.pem").extensions
    constraints = extensions.get_extension_for_class(x509.BasicConstraints)
    purposes = extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    usage = extensions.get_extension_for_class(x509.KeyUsage)
    assert (constraints.critical, constraints.value.ca) == (True, False)
    assert {purpose.dotted_string for purpose in purposes} == {"1.3.6.1.5.5.7.3.1", "1.3.6.1.5.5.7.3.2"}
    assert (usage.critical, usage.value.digital_signature, usage.value.key_cert_sign) == (True, True, False)
    assert load(two_hosts / "web-1.pem").subject.rfc4514_string() == "CN=web-1"


def test_a_certificate_begins_some_minutes_ago_and_lasts_as_long_as_asked(directory: Path) -> None:
    now = datetime.datetime(2030, 1, 1, tzinfo=datetime.timezone(datetime.timedelta(hours=2)))
    certs.host("web-1", directory, now=now, days=7)
    made = load(directory / "web-1.pem")
    assert made.not_valid_before_utc == now - signing.BACKDATED
    assert made.not_valid_after_utc == now + datetime.timedelta(days=7)


def test_a_host_does_not_outlast_its_authority(tmp_path: Path) -> None:
    certs.init(tmp_path, now=NOW, days=10)
    certs.host("web-1", tmp_path, now=NOW, days=20)
    assert load(tmp_path / "web-1.pem").not_valid_after_utc == load(tmp_path / "ca.pem").not_valid_after_utc


def test_an_ended_authority_signs_no_more(tmp_path: Path) -> None:
    certs.init(tmp_path, now=NOW - datetime.timedelta(days=10), days=9)
    with pytest.raises(CertsError, match="ended on"):
        certs.host("web-1", tmp_path, now=NOW)


@pytest.mark.parametrize("days", [0, -1, 10**7])
def test_a_span_that_makes_no_sense_is_refused(tmp_path: Path, days: int) -> None:
    with pytest.raises(CertsError, match="days"):
        certs.init(tmp_path, now=NOW, days=days)


@pytest.fixture
def no_umask() -> Iterator[None]:
    before = os.umask(0)
    yield
    os.umask(before)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.mark.usefixtures("no_umask")
def test_keys_are_for_their_owner_only_and_certificates_for_all(tmp_path: Path) -> None:
    made = [*certs.init(tmp_path / "new", now=NOW), *certs.host("web-1", tmp_path / "new", now=NOW)]
    assert {path.name: mode(path) for path in made} == {
        "ca.pem": 0o644,
        "ca-key.pem": 0o600,
        "web-1.pem": 0o644,
        "web-1-key.pem": 0o600,
    }
    assert mode(tmp_path / "new") == 0o700


def contents(directory: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in directory.iterdir()}


def test_nothing_but_the_files_named_is_left(tmp_path: Path) -> None:
    made = [*certs.init(tmp_path, now=NOW), *certs.host("web-1", tmp_path, now=NOW)]
    assert sorted([*made, tmp_path / signing.ISSUED]) == sorted(tmp_path.iterdir())


@pytest.mark.parametrize("there", ["ca.pem", "ca-key.pem"])
def test_an_authority_is_never_replaced(directory: Path, there: str) -> None:
    before = contents(directory)
    with pytest.raises(CertsError, match=r"ca.*\.pem is there already, and is left as it is$"):
        certs.init(directory, now=NOW)
    assert contents(directory) == before
    for path in directory.iterdir():
        if path.name != there:
            path.unlink()
    with pytest.raises(CertsError, match=f"{there} is there already"):
        certs.init(directory, now=NOW)


def test_a_host_is_replaced_only_when_that_is_allowed(directory: Path) -> None:
    certs.host("web-1", directory, now=NOW)
    before = contents(directory)
    with pytest.raises(CertsError, match=r"web-1\.pem is there already, .*; --overwrite replaces it"):
        certs.host("web-1", directory, now=NOW)
    assert contents(directory) == before
    certs.host("web-1", directory, now=NOW, overwrite=True)
    after = contents(directory)
    assert {name for name in after if after[name] != before.get(name)} == {
        *("web-1.pem", "web-1-key.pem", "issued.pem")
    }
    context(ssl.PROTOCOL_TLS_SERVER, directory, "web-1", directory)


def test_a_name_taken_between_look_and_write_is_not_replaced(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_to_disk = os.fsync

    def somebody_else_writes(descriptor: int) -> None:
        (directory / "web-1-key.pem").write_bytes(b"another's")
        write_to_disk(descriptor)

    before = contents(directory)
    monkeypatch.setattr(os, "fsync", somebody_else_writes)
    with pytest.raises(CertsError, match="exists"):
        certs.host("web-1", directory, now=NOW)
    assert contents(directory) == before | {"web-1-key.pem": b"another's"}


def test_a_full_disk_leaves_the_old_files_whole_and_nothing_else(
    directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    certs.host("web-1", directory, now=NOW)
    before = contents(directory)

    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(CertsError, match="No space left"):
        certs.host("web-1", directory, now=NOW, overwrite=True)
    assert contents(directory) == before


@pytest.mark.parametrize(
    "name",
    [
        *("", ".", "..", "a/b", "../a", "/a", "a\\b", "*.example.com", "-a", "a-", "a..b", "a.", "a b", "a\n", "a\0"),
        *("\u00e4", "a_b", "a" * 65, "a" * 64, "10.0.0.1", "::1", "ca", "CA", "ca-key", "web-1-key"),
    ],
)
def test_a_bad_host_name_is_refused(directory: Path, name: str) -> None:
    before = contents(directory)
    with pytest.raises(CertsError, match="cannot be a host's name"):
        certs.host(name, directory, now=NOW, overwrite=True)
    assert contents(directory) == before


@pytest.mark.parametrize("name", ["a", "7", "web-1", "Web-1", "web-1.example.com", ".".join(["a" * 31, "b" * 32])])
def test_a_good_host_name_is_in_the_certificate(directory: Path, name: str) -> None:
    certs.host(name, directory, now=NOW)
    der = ssl.PEM_cert_to_DER_cert((directory / f"{name}.pem").read_text())
    assert certs.names(der) == (name.lower(),)


@pytest.mark.parametrize(
    "address", ["", "10.0.0.1:8443", "https://web-1", "fe80::1%eth0", "*.a", "a" * 64, "a." * 127 + "a"]
)
def test_a_bad_address_is_refused(directory: Path, address: str) -> None:
    with pytest.raises(CertsError, match="neither an IP address nor a DNS name"):
        certs.host("web-1", directory, addresses=[address], now=NOW)


def test_names_are_those_of_dns_each_once_the_hosts_own_first(directory: Path) -> None:
    certs.host("web-1", directory, addresses=["10.0.0.1", "b.example", "web-1", "a.example", "b.example"], now=NOW)
    assert certs.names(ssl.PEM_cert_to_DER_cert((directory / "web-1.pem").read_text())) == (
        "web-1",
        "b.example",
        "a.example",
    )


def test_a_certificate_without_alternatives_has_no_names(directory: Path) -> None:
    assert certs.names(ssl.PEM_cert_to_DER_cert((directory / "ca.pem").read_text())) == ()


def test_what_is_no_certificate_has_no_names() -> None:
    with pytest.raises(CertsError, match="not a certificate"):
        certs.names(b"garbage")


def test_without_authority_the_error_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(CertsError, match=r"there is no .*ca\.pem: `logagent certs init .*` makes"):
        certs.host("web-1", tmp_path / "none", now=NOW)


def test_the_key_of_another_authority_is_refused(directory: Path, strangers: Path) -> None:
    (directory / "ca-key.pem").write_bytes((strangers / "ca-key.pem").read_bytes())
    with pytest.raises(CertsError, match="is not the key of"):
        certs.host("web-1", directory, now=NOW)


@pytest.mark.parametrize("spoilt", ["ca.pem", "ca-key.pem"])
def test_a_spoilt_authority_is_refused(directory: Path, spoilt: str) -> None:
    (directory / spoilt).write_bytes(b"garbage")
    with pytest.raises(CertsError, match="cannot be read"):
        certs.host("web-1", directory, now=NOW)


def test_a_directory_that_cannot_be_made_is_an_error_for_the_operator(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(CertsError, match="cannot write to"):
        certs.init(tmp_path / "file" / "certs", now=NOW)
