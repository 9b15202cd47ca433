"""A root to open files in."""

from __future__ import annotations

from pathlib import Path

import pytest

from testbed.roots import build


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A root with logs; beside it what must never be read: `outside`, and `logs`, whose name begins like the root's."""
    build(tmp_path)
    return tmp_path / "log"
