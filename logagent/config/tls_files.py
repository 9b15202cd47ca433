"""The files of TLS: an authority's certificate, a host's certificate, and its key."""

from __future__ import annotations

import ssl
import stat
from pathlib import Path
from typing import NamedTuple

CRL = "crl.pem"
"""The list of revoked certificates, beside that of the authority."""
_CA_KEY = "ca-key.pem"
"""The key of an authority, which lies beside its certificate on the one machine that signs."""
_NO_PASSPHRASE = ""


class TlsFiles(NamedTuple):
    """The files of one host, which exist; a certificate always comes with its key.

    Attributes:
        ca: the authority's certificate; None: not asked for, as for the others.
    """

    ca: Path | None = None
    certificate: Path | None = None
    key: Path | None = None


class NoTlsFile(ValueError):
    """A file that was asked for does not exist, or is no file.

    Attributes:
        part: `ca`, `certificate` or `key`.
        path: of the file.
        plain: the message without what would make the file.
    """

    def __init__(self, part: str, path: Path, remedy: str) -> None:
        self.plain = f"{path} {'is no file' if path.exists() else 'does not exist'}"
        super().__init__(f"{self.plain}{remedy}")
        self.part = part
        self.path = path


class HalfTls(ValueError):
    """A certificate was given without a key, or a key without a certificate."""


class BadTlsFile(ValueError):
    """A file that was asked for exists and cannot be used; the message names it and says what would be right.

    Attributes:
        part: `ca`, `certificate` or `key`.
    """

    def __init__(self, part: str, reason: str) -> None:
        super().__init__(reason)
        self.part = part


def check(files: TlsFiles) -> None:
    """Check that the files can be read and hold what they should, so that a mistake is told by the file's name.

    Raises:
        BadTlsFile: for the first one that does not.
    """
    texts = {part: _text(part, path) for part, path in files._asdict().items() if path is not None}
    for part in texts.keys() & {"ca", "certificate"}:
        try:
            ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cadata=texts[part])
        except (ssl.SSLError, ValueError):
            raise BadTlsFile(part, f"{getattr(files, part)} holds no certificate in PEM") from None
    if files.certificate is not None and files.key is not None:
        _check_pair(files.certificate, files.key, texts["key"])


def _text(part: str, path: Path) -> str:
    try:
        return path.read_text("ascii", "backslashreplace")
    except PermissionError:
        who = "the owner of a key alone may read it" if part == "key" else "it has to be readable"
        raise BadTlsFile(part, f"{path} may not be read by this user; {who}: see its owner and mode") from None
    except OSError as error:
        raise BadTlsFile(part, f"{path} cannot be read: {error.strerror}") from None


def _check_pair(certificate: Path, key: Path, text: str) -> None:
    if "PRIVATE KEY-----" not in text:
        raise BadTlsFile("key", f"{key} holds no private key in PEM")
    if "ENCRYPTED" in text:
        plain = f"`openssl pkey -in {key} -out NEW` writes it without"
        raise BadTlsFile("key", f"{key} is encrypted, and nobody is there to type its passphrase: {plain}")
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(certificate, key, _NO_PASSPHRASE)
    except ssl.SSLError as error:
        if "MISMATCH" in (error.reason or ""):
            reason = f"{key} is not the key of {certificate}; give the two that were made together"
            raise BadTlsFile("key", reason) from None
        raise BadTlsFile("key", f"{key} cannot be used: {(error.reason or str(error)).lower()}") from None


def find(certs: Path | None, name: str, *, ca: Path | None, certificate: Path | None, key: Path | None) -> TlsFiles:
    """Find the files of the host `name`.

    Args:
        certs: the directory that `logagent certs` made.
        ca: a file in place of the one in `certs`, as `certificate` and `key` are.

    Raises:
        NoTlsFile: if a file does not exist.
        HalfTls: if a certificate comes without its key, or a key without its certificate.
        BadTlsFile: if it cannot be known whether a file exists.
    """
    if certs is not None:
        ca = ca or certs / "ca.pem"
        certificate = certificate or certs / f"{name}.pem"
        key = key or certs / f"{name}-key.pem"
    for part, path in (("ca", ca), ("certificate", certificate), ("key", key)):
        if path is not None and not _is_file(part, path):
            raise NoTlsFile(part, path, _remedy(path, certs, name, part))
    if (certificate is None) != (key is None):
        raise HalfTls("a certificate and its key are needed together")
    return TlsFiles(ca, certificate, key)


def _is_file(part: str, path: Path) -> bool:
    try:
        return stat.S_ISREG(path.stat().st_mode)
    except PermissionError:
        reason = f"{path} may not be looked for by this user: see owner and mode of the directories on its way"
        raise BadTlsFile(part, reason) from None
    except OSError:
        return False


def _remedy(path: Path, certs: Path | None, name: str, part: str) -> str:
    if certs is None or path.parent != certs:
        return ""
    if part == "ca":
        return f"; copy there that of the other hosts, or have `logagent certs init {certs}` make a new authority"
    if (certs / _CA_KEY).exists():
        return f"; `logagent certs host {name} {certs}` makes it"
    return f"; `logagent certs host {name} DIR` makes it in the directory of {_CA_KEY}: copy it from there"
