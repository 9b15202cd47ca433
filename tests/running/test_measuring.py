"""What the parts of an agent say of their state: as much as there is, and as much as there may be."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from pathlib import Path

import pytest
import trio
from trio.testing import wait_all_tasks_blocked

from logagent.config.settings import Settings
from logagent.core.query import Query
from logagent.disk.archives import memory
from logagent.disk.archives.memory import windowed
from logagent.disk.threads import DiskThreads
from logagent.peers.discovery.file_source import FileSource
from logagent.running.finding import discovery_of
from logagent.running.measuring import figures_of
from logagent.running.observing import Observing
from logagent.telemetry.metrics.metrics import Metrics
from logagent.web.answers import Answers

ENDING, FOLLOW = (Query.of(files=("app.log",), follow=follow) for follow in (False, True))


def observing(**given: object) -> Observing:
    return Observing(Settings(name="web-1", **given))  # type: ignore[arg-type]


async def test_answers_and_follows_are_those_under_way() -> None:
    answers, threads = Answers("web-1", 5, most_follows=3), DiskThreads()
    with (
        answers.one_more(Query.of(files=("app.log",))),
        answers.one_more(Query.of(files=("app.log",))),
        answers.one_more(Query.of(files=("app.log",), follow=True)),
    ):
        figures = figures_of(answers, threads, {"web-1.pem": 7.0}, observing())
    assert (figures.answers, figures.follows) == ((2, 5), (1, 3))
    assert figures.certificates == {"web-1.pem": 7.0}
    assert figures_of(answers, threads, {}, observing()).answers.now == 0


async def test_turns_are_held_and_waited_for() -> None:
    answers, threads = Answers("web-1", 5), DiskThreads(2, 9)
    seen = observing()

    async def one_turn() -> None:
        async with threads.turn():
            await trio.sleep_forever()

    async with trio.open_nursery() as nursery:
        for _ in range(5):
            nursery.start_soon(one_turn)
        await wait_all_tasks_blocked()
        figures = figures_of(answers, threads, {}, seen)
        nursery.cancel_scope.cancel()
    assert (figures.turns, figures.turns_waiting, figures.threads) == ((2, 2), 3, (0, 9))
    assert figures_of(answers, threads, {}, seen).turns_waiting == 0


async def test_a_thread_at_work_is_counted() -> None:
    threads, seen = DiskThreads(), observing()
    hired = await threads.in_thread(lambda: figures_of(Answers("web-1", 5), threads, {}, seen).threads.now)
    assert hired == 1


async def test_memory_of_archives_is_what_is_taken() -> None:
    before = memory.WINDOWS.taken
    with windowed(4096):
        figures = figures_of(Answers("web-1", 5), DiskThreads(), {}, observing())
    assert figures.archives["decoders"] == (before + 4096, memory.MAX_WINDOWS)
    assert figures.archives["passes"].most == memory.MAX_KEPT


@pytest.mark.parametrize(("name", "lost"), [("missing", 1), ("", 0)])
async def test_lines_of_the_own_log_that_nobody_took_are_counted(name: str, lost: int, tmp_path: Path) -> None:
    where = f"syslog:{tmp_path / name}" if name else "files"
    seen = observing(log_to=(where,), log_directory=tmp_path)
    seen.own_log.start()
    logging.getLogger("logagent.tested").warning("a worry")
    seen.own_log.close()
    assert figures_of(Answers("web-1", 5), DiskThreads(), {}, seen).dropped_lines == lost


@dataclass
class Losing:
    """Traces of which some were not sent; it is its own pipeline."""

    lost: int

    @property
    def pipeline(self) -> Losing:
        return self


async def test_lost_spans_are_counted_where_there_are_traces() -> None:
    seen = observing()
    assert figures_of(Answers("web-1", 5), DiskThreads(), {}, seen).lost_spans == 0
    seen.tracing = Losing(4)  # type: ignore[assignment]
    assert figures_of(Answers("web-1", 5), DiskThreads(), {}, seen).lost_spans == 4


async def test_sources_of_targets_tell_what_they_have_found(tmp_path: Path) -> None:
    (tmp_path / "t.yml").write_text("- targets: [a:1, b:1]\n")
    settings = Settings(name="web-1", targets=(str(tmp_path / "t.yml"), str(tmp_path / "none.yml")))
    discovery = discovery_of(settings)
    for source in discovery.sources:
        assert isinstance(source, FileSource)
        await source.look()
    discovery.sources[1].states[0].fail("broken")
    found = figures_of(Answers("web-1", 5), DiskThreads(), {}, observing(), discovery).target_sources
    assert {name: (one.targets, one.works) for name, one in found.items()} == {
        f"file {tmp_path}/t.yml": (2, True),
        f"file {tmp_path}/none.yml": (0, False),
    }
    metrics = Metrics()
    metrics.figures = lambda: figures_of(Answers("web-1", 5), DiskThreads(), {}, observing(), discovery)
    text = metrics.exposed("")[0].decode()
    assert f'logagent_targets{{source="file {tmp_path}/t.yml"}} 2.0' in text
    assert f'logagent_target_source_up{{source="file {tmp_path}/none.yml"}} 0.0' in text
