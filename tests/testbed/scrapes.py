"""What Prometheus would read of an agent's figures."""

from __future__ import annotations

from dataclasses import dataclass

from prometheus_client.openmetrics.parser import text_string_to_metric_families as read_openmetrics
from prometheus_client.parser import text_string_to_metric_families as read_text
from prometheus_client.samples import Sample

from logagent.telemetry.metrics.figures import Figures, SourceFigures, Usage
from logagent.telemetry.metrics.metrics import Metrics
from logagent.telemetry.metrics.peers import PeerSeen

OPENMETRICS = "application/openmetrics-text; version=1.0.0"


@dataclass(frozen=True)
class Scrape:
    """The samples of one scrape."""

    samples: tuple[Sample, ...]

    @classmethod
    def of_text(cls, text: bytes) -> Scrape:
        return cls(tuple(sample for family in read_text(text.decode()) for sample in family.samples))

    @classmethod
    def of_openmetrics(cls, text: bytes) -> Scrape:
        return cls(tuple(sample for family in read_openmetrics(text.decode()) for sample in family.samples))

    def all(self, name: str, **labels: str) -> list[Sample]:
        """The samples of a name that have these labels among theirs."""
        return [one for one in self.samples if one.name == name and labels.items() <= one.labels.items()]

    def value(self, name: str, **labels: str) -> float:
        """The sum of their values; 0 if there are none."""
        return sum(one.value for one in self.all(name, **labels))

    def labels(self, name: str) -> list[dict[str, str]]:
        return [one.labels for one in self.all(name) if one.value]

    @property
    def names(self) -> set[str]:
        return {one.name for one in self.samples}

    @property
    def series(self) -> int:
        return len(self.samples)

    @property
    def traces(self) -> set[str]:
        """The trace ids of all exemplars."""
        return {one.exemplar.labels["trace_id"] for one in self.samples if one.exemplar}


def scrape(metrics: Metrics) -> Scrape:
    """What an agent's figures say now, traces included."""
    return Scrape.of_openmetrics(metrics.exposed(OPENMETRICS)[0])


def full() -> Metrics:
    """Figures of which each has a sample."""
    metrics = Metrics(["db-1"])
    some, sources = Usage(1, 2), {"dns A web:8443": SourceFigures(1, 0, True, 1.0)}
    metrics.figures = lambda: Figures(archives={"decoders": some}, certificates={"web-1": 1.0}, target_sources=sources)
    counting = metrics.counting
    counting.queries["logs", "all", "2xx", "OK"] += 1
    counting.probes["metrics", "2xx"] += 1
    counting.refusals["400"] += 1
    counting.peers.peers["db-1"] = PeerSeen("ok", 1.0, 2.0)
    counting.peers.peers["db-1"].ends["OK"] += 1
    return metrics
