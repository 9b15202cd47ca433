"""The certificates that a command uses: whose it trusts, and which one it shows."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Mapping
from pathlib import Path

from logagent.config import tls_files
from logagent.config.errors import ConfigError
from logagent.peers.client.tls import client_tls
from logagent.terminal.arguments import AskArguments


def agent_tls(typed: AskArguments, environ: Mapping[str, str]) -> ssl.SSLContext | None:
    """Return what the flags, or else the environment, name; None: the system's authorities are trusted.

    Raises:
        ConfigError: for certificates that cannot be used.
    """
    certs = typed.certs or environ.get("LOGAGENT_CERTS") or None
    name = typed.name or environ.get("LOGAGENT_NAME") or socket.gethostname().partition(".")[0]
    where = "--certs" if certs else "--ca, --cert, --key"
    try:
        files = tls_files.find(
            _path(certs), name, ca=_path(typed.ca), certificate=_path(typed.cert), key=_path(typed.key)
        )
        tls_files.check(files)
        return client_tls(files.ca, files.certificate, files.key) if files.ca else None
    except (tls_files.NoTlsFile, tls_files.HalfTls, tls_files.BadTlsFile) as error:
        raise ConfigError(where, str(error)) from None
    except OSError as error:
        raise ConfigError(where, f"cannot be used: {error}") from None


def _path(text: str | None) -> Path | None:
    return Path(text) if text else None
