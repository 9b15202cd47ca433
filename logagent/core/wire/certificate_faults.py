"""Why a certificate was refused, on this side or on the other, in words that say what to do."""

from __future__ import annotations

import re
from collections.abc import Sequence

from logagent.core.wire.certificates import Certificate, described, listed, moment

ENDED, NOT_BEGUN = 10, 9
"""OpenSSL's verify codes of a certificate that has ended, and of one that has not begun (X509_V_ERR_*)."""
WRONG_NAME = frozenset({62, 63, 64})
"""OpenSSL's verify codes of a certificate for another host name, address of mail, or IP address."""
PURPOSE = 26
"""OpenSSL's verify code of a certificate whose extended key usage does not let it serve so."""
FOREIGN = frozenset({2, 18, 19, 20, 21})
"""OpenSSL's verify codes of a certificate that no trusted authority leads to."""

ONE_AUTHORITY = "both sides need certificates of one authority (`--certs`, or `--tls-ca`, of a command `--ca`)"
_PLAIN_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9.@+_-]*")
_ALERT = re.compile(r"\balert ([a-z ]+[a-z])")
_OF_CERTIFICATES = frozenset(
    {
        "bad certificate",
        "unsupported certificate",
        "certificate revoked",
        "certificate expired",
        "certificate unknown",
        "unknown ca",
        "access denied",
    }
)
_REQUIRED = frozenset({"certificate required", "handshake failure"})


def why_refused_here(
    code: int, words: str, shown: Certificate | None, *, authorities: Sequence[Certificate], name: str, now: float
) -> str:
    """Say why the other side's certificate was refused on this one, and what to do.

    Args:
        code: OpenSSL's verify code.
        words: OpenSSL's for it.
        shown: the other side's certificate; None: it is not known.
        authorities: those that are trusted here; none: they are those of the system, or not known.
        name: by which the other side was addressed; empty where it is a client.
        now: seconds since the epoch.
    """
    whose = f"its certificate {described(shown)}" if shown else "its certificate"
    return f"{whose} is refused: {_fault(code, words, shown, authorities, name, now)}"


def _fault(
    code: int, words: str, shown: Certificate | None, authorities: Sequence[Certificate], name: str, now: float
) -> str:
    if code == ENDED:
        return _ended(shown, authorities, now)
    if code == NOT_BEGUN:
        begins = f"on {moment(shown.begins)} only" if shown and shown.begins > now else "later"
        return f"it begins {begins}; is the clock of this host right?"
    if code in WRONG_NAME:
        names = listed(shown.names if shown else ())
        return f"it is for {names}, not for {name}; address it so, or {_anew(shown, name)}"
    if code == PURPOSE:
        side, act = ("a host's", "host") if name or (shown and shown.of_person) else ("a client's", "client")
        return f"its purposes do not let it serve as {side}; `logagent certs {act}` makes one that does"
    if code in FOREIGN:
        return f"{_foreign(shown, [authority.subject for authority in authorities])}; {ONE_AUTHORITY}"
    return words


def _foreign(shown: Certificate | None, trusted: Sequence[str]) -> str:
    if shown is not None and shown.issuer in trusted:
        return f"it is issued by another {shown.issuer} than the one that is trusted"
    if len(trusted) == 1:
        return f"it is not issued by {trusted[0]}, and no chain of certificates leads there"
    those = f": {listed(trusted)}" if trusted else ""
    return f"it is issued by no authority that is trusted here, and no chain of certificates leads to one{those}"


def _ended(shown: Certificate | None, authorities: Sequence[Certificate], now: float) -> str:
    for authority in authorities:
        if authority.ends <= now and (shown is None or shown.issuer == authority.subject):
            ended = f"the authority {authority.subject} ended on {moment(authority.ends)}"
            return f"{ended}; `logagent certs init` makes another"
    ended = f" on {moment(shown.ends)}" if shown is not None and shown.ends <= now else ""
    return f"it ended{ended}; {_anew(shown)}"


def _anew(certificate: Certificate | None, address: str = "") -> str:
    name = certificate.subject if certificate and _PLAIN_NAME.fullmatch(certificate.subject) else "NAME"
    more, act = (
        f" --address {address}" if address else "",
        "client" if certificate and certificate.of_person else "host",
    )
    return f"`logagent certs {act} {name} DIR{more} --overwrite` makes a new one"


def alert_in(words: str) -> str:
    """Return the alert of TLS that OpenSSL's message of an error tells of, such as `unknown ca`; empty if none."""
    found = _ALERT.search(words.lower())
    return found[1] if found else ""


def why_refused_there(alert: str, shown: Certificate | None, now: float, *, where: str = "") -> str:
    """Say why the other side ended the handshake, and what to do.

    Args:
        alert: from `alert_in`.
        shown: the certificate that it was shown; None: none was.
        now: seconds since the epoch.
        where: the name of its file, and the setting; empty: it is not known.
    """
    if shown is None and alert in _REQUIRED:
        return "requires a certificate, and none was shown to it: give `--certs`, or a certificate and its key"
    if alert not in _OF_CERTIFICATES | {"certificate required"}:
        return f"ended the TLS handshake: {alert}"
    whose = f", {described(shown)}{where and f' in {where}'}" if shown else ""
    return f"refused the certificate that it was shown{whose}: {_their_reason(alert, shown, now)}"


def _their_reason(alert: str, shown: Certificate | None, now: float) -> str:
    if alert == "certificate expired":
        by_clock = "" if shown is not None and shown.ends <= now else ", by the clock of that side"
        return f"it ended{by_clock}; {_anew(shown)}"
    if alert == "unknown ca":
        return f"its authority is not trusted there; {ONE_AUTHORITY}"
    if shown is not None and shown.begins > now:
        return f"it begins on {moment(shown.begins)} only"
    return f"{alert}, says the alert"
