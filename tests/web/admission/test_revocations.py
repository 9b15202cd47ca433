"""Files of revoked certificates that change while the agent runs."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from logagent.watched_file import LOOK
from logagent.web.admission.revocations import MOST_BYTES, watched_fingerprints

ONE = "ab" * 32


@pytest.mark.parametrize("how", ["removed", "directory", "fifo", "large", "wrong"])
def test_a_file_that_is_none_any_more_changes_nothing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, how: str
) -> None:
    path, now = tmp_path / "revoked", 100.0
    path.write_text(ONE)
    file = watched_fingerprints(path, clock=lambda: now)
    path.unlink()
    if how == "directory":
        path.mkdir()
    elif how == "fifo":
        os.mkfifo(path)
    elif how == "large":
        path.write_bytes(b" " * (MOST_BYTES + 1))
    elif how == "wrong":
        path.write_text("no fingerprint")
    for _ in range(10):
        now += LOOK
        file.look()
        assert file.latest == file.settled == frozenset({ONE})
    [told] = caplog.messages
    assert told.startswith(f"revoked: {path} ")
    assert told.endswith("; what it held before still counts")
