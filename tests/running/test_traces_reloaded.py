"""A reload changes where traces go, or refuses what cannot be used and changes nothing."""

from __future__ import annotations

from pathlib import Path

import pytest
from trio.testing import MockClock, wait_all_tasks_blocked

from logagent.running.reloading import ReloadError, told
from logagent.telemetry.traces import pipeline
from testbed.collector import collecting
from testbed.reloadable import Reloadable
from testbed.reloadable import reloadable as agent


@pytest.fixture(autouse=True)
def _unhurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """The last spans are sent however slow the machine is."""
    monkeypatch.setattr(pipeline, "LAST", 60.0)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "app.log").write_text("2026-11-29T10:00:00Z one\n")
    return tmp_path


async def asked(it: Reloadable) -> None:
    status, _ = await it.text("/logs?filename=app.log")
    assert status == 200


async def test_a_reload_turns_traces_on_and_off(autojump_clock: MockClock, root: Path) -> None:
    with collecting() as collector:
        async with agent(root, traces="none") as it:
            observing = it.lasting.observing
            async with observing.tracing.running(observing.telemetry):
                await asked(it)
                it.set(traces=collector.url)
                assert told(await it.reloader.reload()) == ["changed: traces"]
                while observing.tracing.pipeline is None:
                    await wait_all_tasks_blocked()
                await asked(it)
                it.set(traces_sample=0.0)
                assert told(await it.reloader.reload()) == ["changed: traces_sample"]
                await wait_all_tasks_blocked()
                await asked(it)
    assert [span.name for span in collector.spans if span.kind == "server"] == ["GET /logs"]


async def test_a_reload_with_traces_that_cannot_be_sent_changes_nothing(
    autojump_clock: MockClock, root: Path, tmp_path: Path
) -> None:
    async with agent(root, traces="none") as it:
        before = it.reloader.now
        it.set(traces="https://127.0.0.1:9/v1/traces", traces_headers=tmp_path / "gone")
        with pytest.raises(ReloadError, match=r"traces_headers: .* cannot be read"):
            await it.reloader.reload()
        assert it.reloader.now is before
        assert it.lasting.observing.tracing.observers == ()
