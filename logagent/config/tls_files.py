"""The files of TLS: an authority's certificate, a host's certificate, and its key."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple


class TlsFiles(NamedTuple):
    """The files of one host, which exist; a certificate always comes with its key.

    Attributes:
        ca: the authority's certificate; None: not asked for, as for the others.
    """

    ca: Path | None = None
    certificate: Path | None = None
    key: Path | None = None


class NoTlsFile(ValueError):
    """A file that was asked for does not exist.

    Attributes:
        part: `ca`, `certificate` or `key`.
    """

    def __init__(self, part: str, path: Path, remedy: str) -> None:
        super().__init__(f"{path} does not exist{remedy}")
        self.part = part


class HalfTls(ValueError):
    """A certificate was given without a key, or a key without a certificate."""


def find(certs: Path | None, name: str, *, ca: Path | None, certificate: Path | None, key: Path | None) -> TlsFiles:
    """Find the files of the host `name`.

    Args:
        certs: the directory that `logagent certs` made.
        ca: a file in place of the one in `certs`, as `certificate` and `key` are.

    Raises:
        NoTlsFile: if a file does not exist.
        HalfTls: if a certificate comes without its key, or a key without its certificate.
    """
    if certs is not None:
        ca = ca or certs / "ca.pem"
        certificate = certificate or certs / f"{name}.pem"
        key = key or certs / f"{name}-key.pem"
    for part, path in (("ca", ca), ("certificate", certificate), ("key", key)):
        if path is not None and not path.is_file():
            raise NoTlsFile(part, path, _remedy(path, certs, name, part))
    if (certificate is None) != (key is None):
        raise HalfTls("a certificate and its key are needed together")
    return TlsFiles(ca, certificate, key)


def _remedy(path: Path, certs: Path | None, name: str, part: str) -> str:
    if certs is None or path.parent != certs:
        return ""
    return f"; `logagent certs {f'init {certs}' if part == 'ca' else f'host {name} {certs}'}` makes it"
