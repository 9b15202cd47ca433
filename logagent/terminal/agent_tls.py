"""The certificates that a command uses: whose it trusts, and which one it shows."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Mapping
from functools import partial
from pathlib import Path

from logagent.config import tls_files
from logagent.config.errors import ConfigError
from logagent.config.tls_files import CRL, TlsFiles
from logagent.core.wire.certificates import read_certificates, revoked_in
from logagent.peers.client.tls import client_tls
from logagent.terminal.arguments import AskArguments
from logagent.terminal.own_agent import OwnAgent

_HINT = (
    "; so that this host's agent can be asked without these, let it listen on http://127.0.0.1:8000 too, "
    "or show a certificate of your own with --cert and --key"
)


def agent_tls(typed: AskArguments, environ: Mapping[str, str], own: OwnAgent | None = None) -> ssl.SSLContext | None:
    """Return what the flags, or else the environment, or else the settings of this host's agent name.

    Args:
        own: the agent to ask, if it is this host's own: it proves its host's name, whatever its address.

    Returns:
        None: the system's authorities are trusted.

    Raises:
        ConfigError: for certificates that cannot be used.
    """
    certs = typed.certs or environ.get("LOGAGENT_CERTS") or None
    name = typed.name or environ.get("LOGAGENT_NAME") or socket.gethostname().partition(".")[0]
    where, hint = (typed.where("certs") if typed.certs else "LOGAGENT_CERTS") if certs else _files(typed), ""
    try:
        files = tls_files.find(
            _path(certs), name, ca=_path(typed.ca), certificate=_path(typed.cert), key=_path(typed.key)
        )
        if own is not None and None in files:
            where, hint = own.where, _HINT
            files = _completed(files, own)
        tls_files.check(files)
        return _context(files, own)
    except tls_files.NoTlsFile as missing:
        told = f"{missing}{hint}" if hint else f"{missing.plain}{_remedy(missing, certs)}"
        raise ConfigError(where, told) from None
    except (tls_files.HalfTls, tls_files.BadTlsFile) as error:
        raise ConfigError(where, f"{error}{hint}") from None
    except OSError as error:
        raise ConfigError(where, f"cannot be used: {error}{hint}") from None


def _files(typed: AskArguments) -> str:
    """Return what names the files, for messages."""
    told = [typed.told_by[part] for part in ("ca", "cert", "key") if part in typed.told_by]
    return told[0] if told else "--ca, --cert, --key"


def _remedy(missing: tls_files.NoTlsFile, certs: str | None) -> str:
    """Say where a file comes from; never that a client makes an authority of its own, which no agent would trust."""
    if certs is None or missing.path.parent != Path(certs):
        return ""
    if missing.part == "ca":
        return "; copy it from where the agents' certificates were made: it is the same for all of them"
    names = sorted({key.name.removesuffix("-key.pem") for key in Path(certs).glob("*-key.pem")} - {"ca"})
    if names:
        return f"; there is a key of {', '.join(names[:3])}: say --name {names[0]}"
    return f"; `logagent certs client NAME {certs}`, where the agents' authority is, makes one for --name NAME"


def _completed(files: TlsFiles, own: OwnAgent) -> TlsFiles:
    """Return what was named, and for the rest the files of this host's agent."""
    pem = [own.path(f"tls_{part}") for part in ("ca", "certificate", "key")]
    of_host = tls_files.find(own.path("certs"), own.name, ca=pem[0], certificate=pem[1], key=pem[2])
    shown = files if files.certificate else of_host
    return TlsFiles(files.ca or of_host.ca, shown.certificate, shown.key)


def _context(files: TlsFiles, own: OwnAgent | None) -> ssl.SSLContext | None:
    if files.ca is None:
        return None
    context = client_tls(files.ca, files.certificate, files.key)
    context.name = _proved_name(own) if own else None
    revoked = files.ca.with_name(CRL)
    if revoked.is_file() and context.authority is not None:
        context.objection = partial(revoked_in, revoked.read_bytes(), context.authority)
    return context


def _proved_name(own: OwnAgent) -> str | None:
    """Return a name that this host's certificate is for; None if it tells none."""
    certificate = own.path("tls_certificate")
    if certificate is None:
        return own.name  # `logagent certs` makes it for the host's name
    names = [name for each in read_certificates(certificate.read_bytes())[:1] for name in each.names]
    return own.name if own.name in names else next(iter(names), None)


def _path(text: str | None) -> Path | None:
    return Path(text) if text else None
