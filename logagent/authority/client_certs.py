"""The certificates by which people and programs are known: for clients only, beside those of hosts in `certs`."""

from __future__ import annotations

import datetime
import re
import unicodedata
from collections.abc import Sequence
from pathlib import Path

from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID

from logagent.authority import signing
from logagent.authority.certs import LONGEST_NAME
from logagent.authority.signing import OWN_NAMES, CertsError
from logagent.core.access.certified import CertificateKind

CLIENT_DAYS = 365
"""Days that a person's certificate is valid: who has left is not known for long, even if nobody revokes it."""
MOST_GROUPS = 32
"""Groups in one certificate, which is shown in each handshake."""

_MAIL = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*")
_SPECIAL = frozenset('/\\:*?[]",;<>|')
"""Characters that mean something in the names of files, or in rules."""


def client(
    name: str,
    directory: Path,
    *,
    groups: Sequence[str] = (),
    now: datetime.datetime,
    days: int = CLIENT_DAYS,
    overwrite: bool = False,
) -> list[Path]:
    """Make a person's certificate and key, `NAME.pem` and `NAME-key.pem`, signed by the authority in `directory`.

    It serves for a client and for nothing else. Rules name its holder as `cert:NAME`, and its groups as
    `group:cert:GROUP`. An address of mail as the name stands among its alternative names, too.

    Args:
        groups: to which the person belongs.
        now: with a time zone.
        overwrite: replace the person's older files.

    Returns:
        The paths of the two files.

    Raises:
        CertsError: for a name, a group or a span that cannot be used, without a usable authority, if the files are
            there already or are a host's, or if they cannot be written.
    """
    name, groups = unicodedata.normalize("NFC", name), [unicodedata.normalize("NFC", group) for group in groups]
    _check(name, "a person's name", _name_problem(name))
    for group in groups:
        _check(group, "the name of a group", _text_problem(group))
    if len(groups) > MOST_GROUPS:
        raise CertsError(f"a certificate holds {MOST_GROUPS} groups at most, not {len(groups)}")
    signer = signing.load(directory)
    signing.refuse_other_kind(directory, name, CertificateKind.PERSON)
    extensions: list[x509.ExtensionType] = [x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH])]
    if _MAIL.fullmatch(name):
        extensions.append(x509.SubjectAlternativeName([x509.RFC822Name(name)]))
    subject = signing.name_of(name, dict.fromkeys(groups))
    return signing.sign(signer, subject, extensions, directory, name, now=now, days=days, overwrite=overwrite)


def _check(text: str, what: str, problem: str) -> None:
    if problem:
        raise CertsError(f"{text!r} cannot be {what}: {problem}")


def _name_problem(name: str) -> str:
    if name.lower() in OWN_NAMES or name.lower().endswith("-key"):
        return "its files would be taken for the authority's or for another one's key"
    if name.startswith((".", "-")):
        return "the names of its files would begin with a dot or a hyphen"
    return _text_problem(name)


def _text_problem(text: str) -> str:
    if not text or text != text.strip():
        return "it is empty, or begins or ends with a space"
    if len(text) > LONGEST_NAME:
        return f"it is longer than {LONGEST_NAME} characters"
    if not text.isprintable() or _SPECIAL.intersection(text):
        return f"use letters, digits and the like, and none of {' '.join(sorted(_SPECIAL))}"
    return ""
