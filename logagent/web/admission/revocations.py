"""Certificates that were revoked: which of them count no more, as files say that may change at any time."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from logagent.core.access.certified import Certified, certified
from logagent.core.access.revoked import RevocationList, fingerprints_in, lists_in
from logagent.core.wire.certificates import BY_AUTHORITY
from logagent.web.admission.watched_file import REPEATED, WatchedFile

BY_FINGERPRINT = "it was revoked by its fingerprint"
UNREADABLE = "it cannot be read, so that it cannot be known whether it was revoked"

_log = logging.getLogger(__name__)


class Revocations:
    """Knows which certificates were revoked.

    Args:
        lists: those that authorities have signed; None: there are none.
        fingerprints: those of certificates that were revoked one by one; None: there are none.
        now: seconds since the epoch.
    """

    def __init__(
        self,
        lists: WatchedFile[tuple[RevocationList, ...]] | None = None,
        fingerprints: WatchedFile[frozenset[str]] | None = None,
        *,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._lists = lists
        self._fingerprints = fingerprints
        self._now = now
        self._warn_again = 0.0

    def __bool__(self) -> bool:
        return self._lists is not None or self._fingerprints is not None

    def objection(self, der: bytes) -> str:
        """Return why a certificate counts no more, as a clause for people; empty if it was not revoked."""
        return self.objection_to(certified(der)) if self else ""

    def objection_to(self, certificate: Certified) -> str:
        """Return why a certificate counts no more; see `objection`."""
        listed = self._fingerprints.contents if self._fingerprints else ()
        if any(not certificate.fingerprints.isdisjoint(fingerprints) for fingerprints in listed):
            return BY_FINGERPRINT
        lists = [one for content in (self._lists.contents if self._lists else ()) for one in content]
        self._warn_of_old(lists)
        if lists and not certificate.issuer:
            return UNREADABLE
        return BY_AUTHORITY if any(one.holds(certificate) for one in lists) else ""

    def _warn_of_old(self, lists: list[RevocationList]) -> None:
        """Tell of a list that says that a newer one is there: what it holds counts, what it lacks cannot be known."""
        now = self._now()
        if now < self._warn_again:
            return
        for one in lists:
            if one.ends is not None and one.ends < now:
                self._warn_again = now + REPEATED
                _log.warning(
                    "tls_crl: the list of %s ended on %s: what it holds still counts; what was revoked since, does not",
                    one.read.issuer.rfc4514_string(),
                    f"{one.read.next_update_utc:%Y-%m-%d %H:%M} UTC",
                )


def watched_lists(
    path: Path, authorities: bytes, *, needed: bool, clock: Callable[[], float] = time.monotonic
) -> WatchedFile[tuple[RevocationList, ...]]:
    """Watch a file of lists that authorities have signed.

    Args:
        path: of the file, in PEM or DER.
        authorities: the certificates of those that are in use, in PEM.
        needed: whether the file has to be there.
        clock: seconds from any beginning.

    Raises:
        BadFile: if it cannot be used now.
    """
    read = partial(lists_in, authorities=authorities)
    return WatchedFile(path, read, setting="tls_crl", absent=None if needed else (), clock=clock)


def watched_fingerprints(path: Path, *, clock: Callable[[], float] = time.monotonic) -> WatchedFile[frozenset[str]]:
    """Watch a file of fingerprints.

    Raises:
        BadFile: if it cannot be used now.
    """
    return WatchedFile(path, fingerprints_in, setting="revoked", clock=clock)
