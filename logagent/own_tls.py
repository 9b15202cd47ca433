"""An agent's TLS, on both of its sides, as the files of its settings have it."""

from __future__ import annotations

import time
from pathlib import Path
from typing import NamedTuple

from logagent.admitting.access import revocations_of
from logagent.config import tls_files
from logagent.config.errors import ConfigError
from logagent.config.settings import Settings
from logagent.config.tls_files import TlsFiles
from logagent.own_certificates import certificate_ends, why_others_refuse
from logagent.peers.client.tls import AgentTls, client_tls
from logagent.web.admission.revocations import Revocations
from logagent.web.server.handshake import ServerTls
from logagent.web.server.listening import server_tls


class Tls(NamedTuple):
    """TLS as the files of the settings have it.

    Attributes:
        files: of the authority, the certificate and its key.
        contents: what they held.
        revoking: where it is looked up which certificates were revoked.
        server: for listeners; None: there is no certificate.
        client: for peers; None: the system's authorities are trusted.
        ends: when the agent's own certificates end, by name.
        revocations: which certificates count no more.
    """

    files: TlsFiles
    contents: tuple[bytes, ...]
    revoking: tuple[Path | None, ...]
    server: ServerTls | None
    client: AgentTls | None
    ends: dict[str, float]
    revocations: Revocations

    def same_files(self, other: Tls) -> bool:
        """Return whether the same files hold the same; lists of revoked certificates are watched."""
        return self[:3] == other[:3]

    def same_authority(self, other: Tls) -> bool:
        """Return whether the same clients' certificates are taken."""
        return self._authority == other._authority

    @property
    def _authority(self) -> bytes:
        return self.contents[0] if self.files.ca else b""


def own_tls(settings: Settings) -> tuple[Tls, tuple[str, ...]]:
    """Read the files of TLS; blocks.

    Returns:
        TLS, and what is wrong with it where it can be used all the same, a sentence each.

    Raises:
        ConfigError: for a file that cannot be used.
        OSError: for TLS that does not work on this machine.
    """
    files = TlsFiles(settings.tls_ca, settings.tls_certificate, settings.tls_key)
    try:
        tls_files.check(files)
    except tls_files.BadTlsFile as error:
        raise ConfigError(f"tls_{error.part}", str(error)) from None
    refused = why_others_refuse(files, time.time())
    server = client = None
    if files.certificate is not None and files.key is not None:
        server = server_tls(files.certificate, files.key, files.ca)
    revocations = revocations_of(settings)
    if files.ca is not None or revocations:
        client = client_tls(files.ca, *(files[1:] if files.ca else ()))
        client.objection = revocations.objection
    contents = tuple(path.read_bytes() for path in files if path is not None)
    warnings = (f"tls_certificate: {refused}",) if refused else ()
    revoking = settings.certs, settings.tls_crl, settings.revoked
    return Tls(files, contents, revoking, server, client, certificate_ends(files), revocations), warnings
