"""The files of TLS: an authority's certificate, one's own certificate, and its key."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple


class TlsFiles(NamedTuple):
    """Files that exist, or None for those that were not asked for. A certificate always comes with its key."""

    ca: Path | None = None
    certificate: Path | None = None
    key: Path | None = None


class NoTlsFile(ValueError):
    """A file that was asked for and is not there; `part` says which of the three."""

    def __init__(self, part: str, path: Path, remedy: str) -> None:
        super().__init__(f"{path} does not exist{remedy}")
        self.part = part


class HalfTls(ValueError):
    """A certificate without a key, or a key without a certificate."""


def find(certs: Path | None, name: str, *, ca: Path | None, certificate: Path | None, key: Path | None) -> TlsFiles:
    """The files of the host `name` in the directory `certs`, as `logagent certs` lays them out; single files go before.

    Raises `NoTlsFile` and `HalfTls`.
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
