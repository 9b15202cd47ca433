"""What the parts of an agent say of their state, for its figures."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from logagent.disk.archives.memory import KEPT, WINDOWS
from logagent.disk.threads import DiskThreads
from logagent.peers.discovery.discovering import Discovery
from logagent.running.observing import Observing
from logagent.telemetry.metrics.figures import Figures, SourceFigures, Usage
from logagent.web.answers import Answers


def figures_of(
    answers: Answers,
    threads: DiskThreads,
    certificates: Mapping[str, float],
    observing: Observing,
    discovery: Discovery | None = None,
) -> Figures:
    """Return the state of an agent's parts now; any thread may ask.

    Args:
        answers: those under way.
        threads: that read the disk.
        certificates: when the agent's own end, by name, in seconds since the epoch.
        observing: what else is told of the agent, and how much of that was lost.
        discovery: looks for further agents; None: nothing does.
    """
    load, bounds, pipeline = threads.load, answers.bounds, observing.tracing.pipeline
    return Figures(
        answers=Usage(answers.under_way, bounds.answers),
        follows=Usage(answers.follows, bounds.follows),
        turns=Usage(load.held, load.most_held),
        turns_waiting=load.waiting,
        threads=Usage(load.hired, load.most_hired),
        archives={"decoders": Usage(WINDOWS.taken, WINDOWS.most), "passes": Usage(KEPT.taken, KEPT.most)},
        certificates=dict(certificates),
        dropped_lines=observing.own_log.dropped,
        lost_spans=0 if pipeline is None else pipeline.lost,
        target_sources={} if discovery is None else _target_sources(discovery),
    )


def _target_sources(discovery: Discovery) -> dict[str, SourceFigures]:
    stale = Counter(target.found_by for target in discovery.known if target.stale_since is not None)
    return {
        state.name: SourceFigures(len(state.targets), stale[state.name], not state.fault, state.succeeded)
        for state in discovery.states
        if state.tried
    }
