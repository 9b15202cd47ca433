"""A stock program makes cases of the description, good and bad: each answer is one that is described, and no 5xx."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from testbed.described import DOCUMENT
from testbed.generated_cases import generated
from testbed.processes import Process, running

pytestmark = pytest.mark.real


@pytest.fixture
def agent(tmp_path: Path) -> Iterator[Process]:
    root = tmp_path / "root"
    root.mkdir()
    (root / "app.log").write_bytes(b"".join(b"2026-11-23T10:00:%02dZ line %d\n" % (n, n) for n in range(60)))
    (root / "app.log.1.gz").write_bytes(gzip.compress(b"2026-11-22T10:00:00Z old\n"))
    (root / "odd.log").write_bytes(bytes(range(256)) + b"\n")
    with running("web-1", root) as process:
        yield process


def test_no_case_gets_an_answer_that_is_not_described(agent: Process, tmp_path: Path) -> None:
    """A large run, of all that can be wrong with each parameter, is `tests/proofs/api.py`."""
    cases = generated(agent.url, tmp_path, phases="fuzzing", examples=15)
    assert not cases.failed, cases.told
    own = {"/openapi.json"}  # which it has asked for before, and leaves out
    assert {path for _, path, _ in cases.statuses} >= DOCUMENT["paths"].keys() - own
    assert cases.seen("/logs") >= {200, 400}
    assert cases.seen("/hits") >= {200, 400}
    assert cases.seen("/files") >= {200, 400}
    assert {status for _, _, status in cases.statuses if status >= 500} == set()


def test_an_answer_that_is_not_described_would_be_found(agent: Process, tmp_path: Path) -> None:
    lacking = json.loads(json.dumps(DOCUMENT))
    del lacking["paths"]["/hosts"]["get"]["responses"]["200"]
    (tmp_path / "lacking.json").write_text(json.dumps(lacking))
    file = str(tmp_path / "lacking.json")
    cases = generated(
        agent.url, tmp_path, phases="fuzzing", examples=3, document=file, more=["--include-path", "/hosts"]
    )
    assert cases.failed
    assert "Undocumented status code" in cases.told
