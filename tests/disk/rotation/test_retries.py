"""A file that cannot be opened is tried again with pauses, and reported only if that lasts."""

from __future__ import annotations

from logagent.core.outcome import Failure, Status
from logagent.disk.rotation.retries import RETRY_PAUSE, Retries

REFUSED = Failure(Status.PERMISSION_DENIED, "permission denied: app.log")


def test_the_next_attempt_comes_after_a_pause() -> None:
    retries = Retries()
    retries.note(REFUSED, 5.0)
    assert retries.not_before == 5.0 + RETRY_PAUSE
    retries.note(None, 5.5)
    assert retries.not_before == 5.5


def test_a_failure_is_trouble_once_it_has_lasted() -> None:
    retries = Retries()
    for now, trouble in [(5.0, None), (5.0 + RETRY_PAUSE / 2, None), (5.0 + RETRY_PAUSE, REFUSED)]:
        retries.note(REFUSED, now)
        assert retries.trouble is trouble


def test_trouble_ends_with_the_first_file_that_opens() -> None:
    retries = Retries()
    retries.note(REFUSED, 5.0)
    retries.note(REFUSED, 5.0 + RETRY_PAUSE)
    retries.note(None, 7.0)
    assert retries.trouble is None
    retries.note(REFUSED, 8.0)
    assert retries.trouble is None
