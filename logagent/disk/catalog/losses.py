"""The messages that report lost text: every DATA_LOSS of a file that was rotated away, truncated or overwritten."""

from __future__ import annotations

from logagent.core.batch import Notice, Position
from logagent.core.outcome import Failure, Status


def gone(log: str, position: Position) -> Failure:
    """Return the loss to report when the file of a cursor's position is gone."""
    return Failure(
        Status.DATA_LOSS,
        f"{log}: the file that the earlier answer had read up to byte {position.offset} was deleted or overwritten;"
        " lines may be missing",
    )


def cut_short(file: str, position: Position) -> Failure:
    """Return the loss to report when a file ends before the place up to which an earlier answer had read it.

    Args:
        file: its name.
        position: that place.
    """
    return Failure(
        Status.DATA_LOSS,
        f"{file}: ends before byte {position.offset}, up to which the earlier answer had read it; lines may be missing",
    )


def lost(log: str, file: str) -> Failure:
    """Return the loss to report when the file that a query read last is gone, so that its next file is unknown.

    Args:
        file: name of the file that was found in place of the planned one.
    """
    return Failure(
        Status.DATA_LOSS,
        f"{log}: {file} and older files were rotated away while the log was read; the answer is incomplete",
    )


def written_over(file: str) -> Failure:
    """Return the loss to report when a file was overwritten while a query read it, and no copy of it is found."""
    return Failure(
        Status.DATA_LOSS,
        f"{file}: was truncated or overwritten while it was read, and no copy of it was found; lines may be missing",
    )


def rotated_too_fast(host: str, log: str) -> Notice:
    """Return the notice for a follow when whole files may have been created and deleted between two looks."""
    return Notice(host, Status.DATA_LOSS, f"{log}: rotated faster than it could be read; lines may be missing")


def truncated(host: str, log: str, lost: int, *, torn: bool = False) -> Notice:
    """Return the notice for a follow when a file was truncated, overwritten or deleted.

    Args:
        lost: bytes of it that were seen but not read yet.
        torn: whether it was written to just before, so that lines may be lost that were never seen.

    Returns:
        A notice; with the status OK if nothing is lost.
    """
    if lost:
        message = f"{'at least ' if torn else ''}{lost} bytes were lost: truncated or deleted before they were read"
        return Notice(host, Status.DATA_LOSS, f"{log}: {message}")
    if torn:
        message = f"{log}: truncated while it was written to; the lines written just before that may be missing"
        return Notice(host, Status.DATA_LOSS, message)
    return Notice(host, Status.OK, f"{log}: truncated; reading continues from its beginning")
