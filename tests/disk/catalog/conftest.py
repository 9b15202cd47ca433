"""Trees of log files to look for."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from testbed.trees import ROTATED, permit, planted


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return planted(
        tmp_path / "log", "syslog", "auth.log", "nginx/access.log", "nginx/error.log", "nginx/old/access.log"
    )


@pytest.fixture
def shared() -> Iterator[Path]:
    """A directory that another user can reach, as pytest's own cannot be."""
    top = Path(tempfile.mkdtemp())
    top.chmod(0o755)
    yield top
    permit(top)
    shutil.rmtree(top)


@pytest.fixture
def rotated(tmp_path: Path) -> Path:
    return planted(tmp_path / "log", *ROTATED, "app.log.notes", "web-1.log", "web.log", "a/old.log.1", "b/lone.log.gz")
