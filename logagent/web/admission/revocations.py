"""Certificates that were revoked: which of them count no more, as files say that may change at any time."""

from __future__ import annotations

import logging
import os
import stat
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TypeVar

from logagent.core.access.certified import Certified, certified
from logagent.core.access.revoked import RevocationList, fingerprints_in, lists_in
from logagent.core.wire.certificates import BY_AUTHORITY
from logagent.watched_file import REPEATED, BadFile, Stamp, WatchedFile, bytes_and_stamp

BY_FINGERPRINT = "it was revoked by its fingerprint"
UNREADABLE = "it cannot be read, so that it cannot be known whether it was revoked"
MOST_BYTES = 16 * 1024 * 1024
"""Bytes of a file: some hundred thousand revoked certificates; a larger one takes too long to read."""

_log = logging.getLogger(__name__)
Content = TypeVar("Content")


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
        listed = _counting(self._fingerprints)
        if any(not certificate.fingerprints.isdisjoint(fingerprints) for fingerprints in listed):
            return BY_FINGERPRINT
        lists = [one for content in _counting(self._lists) for one in content]
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
    return _watched(path, read, "tls_crl", clock, absent=None if needed else ())


def watched_fingerprints(path: Path, *, clock: Callable[[], float] = time.monotonic) -> WatchedFile[frozenset[str]]:
    """Watch a file of fingerprints.

    Raises:
        BadFile: if it cannot be used now.
    """
    return _watched(path, fingerprints_in, "revoked", clock)


def _watched(
    path: Path,
    parse: Callable[[bytes], Content],
    setting: str,
    clock: Callable[[], float],
    absent: Content | None = None,
) -> WatchedFile[Content]:
    return WatchedFile(
        path,
        partial(_parsed, path, parse),
        setting=setting,
        meanwhile="what it held before still counts",
        absent=absent,
        clock=clock,
    )


def _parsed(path: Path, parse: Callable[[bytes], Content]) -> tuple[Content, Stamp]:
    try:
        content, stamp = bytes_and_stamp(path, MOST_BYTES, _check)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise BadFile(f"{path} cannot be read: {error.strerror or error}") from None
    if len(content) > MOST_BYTES:
        raise BadFile(f"{path} is larger than {MOST_BYTES // 1024 // 1024} MiB", lasting=True)
    try:
        return parse(content), stamp
    except ValueError as error:
        raise BadFile(f"{path} cannot be used: {error}", lasting=True) from None


def _check(status: os.stat_result) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise OSError(None, "it is no file")


def _counting(file: WatchedFile[Content] | None) -> tuple[Content, ...]:
    """Return what a file holds; while it may still be written to, also what it held before that."""
    if file is None:
        return ()
    file.look()
    return (file.latest,) if file.latest is file.settled else (file.latest, file.settled)
