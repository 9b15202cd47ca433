"""The command `certs`: makes an authority and certificates, lists them, and revokes them."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

from logagent.authority import certs, client_certs, revoking
from logagent.authority.revoking import IssuedCertificate
from logagent.authority.signing import CertsError
from logagent.config.errors import ConfigError
from logagent.core.access.certified import Certified
from logagent.core.wire.certificates import moment
from logagent.terminal.setup_arguments import (
    CertsArguments,
    CertsClientArguments,
    CertsHostArguments,
    CertsInitArguments,
    CertsListArguments,
    CertsRevokeArguments,
)
from logagent.terminal.streams import Streams
from logagent.terminal.tables import print_table, table
from logagent.terminal.verdicts import FOUND, NOTHING

_HEADER = ("NAME", "KIND", "GROUPS", "ENDS", "STATE", "SHA-256")


def run(typed: CertsArguments, streams: Streams, *, now: datetime) -> int:
    """Run an act of `certs`, and return the exit code.

    Args:
        now: with a time zone.

    Raises:
        ConfigError: for what cannot be made or read.
    """
    try:
        match typed:
            case CertsListArguments():
                return _list(typed, streams, now)
            case CertsRevokeArguments():
                return _revoke(typed, streams, now)
        streams.print("".join(f"{path}\n" for path in _made(typed, now)))
    except CertsError as error:
        raise ConfigError(f"certs {typed.act}", str(error)) from None
    return FOUND


def _made(typed: CertsArguments, now: datetime) -> list[Path]:
    directory = Path(typed.directory)
    match typed:
        case CertsInitArguments():
            return certs.init(directory, now=now)
        case CertsHostArguments():
            return certs.host(typed.name, directory, addresses=typed.address, now=now, overwrite=typed.overwrite)
        case CertsClientArguments():
            days = client_certs.CLIENT_DAYS if typed.days is None else typed.days
            groups, overwrite = typed.group, typed.overwrite
            return client_certs.client(typed.name, directory, groups=groups, now=now, days=days, overwrite=overwrite)
    raise TypeError(f"{type(typed).__name__} is no act of `certs`")


def _revoke(typed: CertsRevokeArguments, streams: Streams, now: datetime) -> int:
    path, revoked = revoking.revoke(typed.which, Path(typed.directory), now=now)
    for held in revoked:
        streams.say(f"revoked: {_called(held)}, until {moment(held.ends)}, SHA-256 {held.fingerprint}")
    if not revoked:
        streams.say("all that is meant was revoked before")
    streams.say(f"each agent needs the new {path.name}: copy it to where its `--certs` or `--tls-crl` has it")
    streams.print(f"{path}\n")
    return FOUND


def _called(held: Certified) -> str:
    return f"{held.name or 'nobody'} ({held.kind})"


def _list(typed: CertsListArguments, streams: Streams, now: datetime) -> int:
    issued = sorted(revoking.issued(Path(typed.directory)), key=lambda each: (each.held.name, each.held.ends))
    if typed.json:
        document = [_document(each, _state(each, now)) for each in issued]
        streams.print(json.dumps({"certificates": document}, indent=2, ensure_ascii=False) + "\n")
    elif issued:
        rows = [_row(each, _state(each, now)) for each in issued]
        print_table(table(_HEADER, rows), streams)
    return FOUND if issued else NOTHING


def _state(each: IssuedCertificate, now: datetime) -> str:
    if each.revoked is not None:
        return "revoked"
    return "ended" if each.held.ends < now.timestamp() else "valid"


def _row(each: IssuedCertificate, state: str) -> tuple[str, ...]:
    held = each.held
    groups = ",".join(sorted(held.groups)) or "-"
    return held.name or "-", held.kind, groups, moment(held.ends), state, held.fingerprint


def _document(each: IssuedCertificate, state: str) -> dict[str, object]:
    held, revoked = each.held, each.revoked
    return {
        "name": held.name,
        "kind": held.kind,
        "aliases": sorted(held.aliases),
        "groups": sorted(held.groups),
        "ends": datetime.fromtimestamp(held.ends, UTC).isoformat(),
        "state": state,
        "revoked": revoked and revoked.isoformat(),
        "serial": f"{held.serial:x}",
        "sha256": held.fingerprint,
    }
