"""What is said where text of a log is gone: every sentence that comes with DATA_LOSS for a file that was rotated away,
truncated or written anew.
"""

from __future__ import annotations

from logagent.core.batch import Notice, Position
from logagent.core.outcome import Failure, Status


def gone(log: str, position: Position) -> Failure:
    """What is said where the file is gone that an earlier answer had come to."""
    return Failure(
        Status.DATA_LOSS,
        f"{log}: the file that the earlier answer had come to, at byte {position.offset}, was deleted or changed since",
    )


def lost(log: str, file: str) -> Failure:
    """What is said where files were rotated while the log was read, and the one read last is gone."""
    return Failure(Status.DATA_LOSS, f"{log}: {file} and what is older were rotated away while the log was read")


def written_over(file: str) -> Failure:
    """What is said where a file was written over while it was read, and there is no copy of it."""
    return Failure(Status.DATA_LOSS, f"{file}: was truncated or written anew while it was read, and has no copy")


def rotated_too_fast(host: str, log: str) -> Notice:
    """What is said where files may have come and gone between two looks."""
    return Notice(host, Status.DATA_LOSS, f"{log}: rotated faster than it could be read; some of it may be missing")


def truncated(host: str, log: str, lost: int, *, torn: bool = False) -> Notice:
    """What is said where files were written over or are gone. lost: bytes that a follower had not read of them yet.
    torn: whether one was written to just before, so that there may have been more."""
    if lost:
        message = f"{'at least ' if torn else ''}{lost} bytes were lost: truncated or deleted before they were read"
        return Notice(host, Status.DATA_LOSS, f"{log}: {message}")
    if torn:
        message = f"{log}: truncated while it was written to; the lines written just before that may be missing"
        return Notice(host, Status.DATA_LOSS, message)
    return Notice(host, Status.OK, f"{log}: truncated; going on from its beginning")
