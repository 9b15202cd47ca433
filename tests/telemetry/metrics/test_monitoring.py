"""The dashboard and the alert rules ask for metrics, labels and values that exist, and for all of them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from logagent.core.outcome import Status
from logagent.telemetry.metrics.counting import CANCELLED, NONE, OTHER, PROBES, ROUTES
from logagent.telemetry.metrics.limits import LIMITS
from logagent.telemetry.metrics.peers import LEFT_BEHIND, STATES
from testbed.scrapes import Scrape, full, scrape

DOCS = Path(__file__).parents[3] / "docs"
DASHBOARD: dict[str, Any] = json.loads((DOCS / "monitoring" / "grafana.json").read_text("utf-8"))
RULES = [
    rule
    for group in yaml.safe_load((DOCS / "monitoring" / "alerts.yml").read_text("utf-8"))["groups"]
    for rule in group["rules"]
]
PANELS = [panel for panel in DASHBOARD["panels"] if panel["type"] != "row"]
QUERIES = [target["expr"] for panel in PANELS for target in panel["targets"]]

OF_TARGETS = frozenset({"job", "instance"})
"""The labels that Prometheus gives to what it scrapes."""
VALUES = {
    "state": set(STATES),
    "limit": set(LIMITS),
    "status": {status.name for status in Status} | {NONE, CANCELLED, LEFT_BEHIND},
    "scope": {"all", "own"},
    "code": {*(f"{place}xx" for place in range(1, 6)), NONE, "tls", "flood", *map(str, range(400, 506))},
    "route": {*ROUTES.values(), *PROBES.values(), "follow", OTHER},
    "result": {"ok", "failed"},
}
OPERATORS = {"and", "or", "unless", "bool"}
GROUPED = r"\b(?:by|without|on|ignoring|group_left|group_right)\s*\(([^)]*)\)"
SELECTOR = re.compile(r'([a-zA-Z_]\w*)\s*(\{(?:[^}"]|"[^"]*")*\})?(?!\w)(?!\s*\()')
MATCHER = re.compile(r'(\w+)\s*(=~|!~|!=|=)\s*"([^"]*)"')


def selectors(expression: str) -> Iterator[tuple[str, list[tuple[str, str, str]]]]:
    """Each metric that an expression asks for, with the label, operator and value of each matcher."""
    bare = re.sub(r"\[[^\]]*\]", "", re.sub(GROUPED, "", expression))
    for name, matchers in SELECTOR.findall(bare):
        if name not in OPERATORS:
            yield name, MATCHER.findall(matchers)


def faults(expression: str, known: Scrape) -> list[str]:
    """What an expression asks for that no agent tells."""
    found, labels = [], set(OF_TARGETS)
    for name, matchers in selectors(expression):
        if name == "up":  # Prometheus' own
            continue
        samples = known.all(name)
        found += [] if samples else [f"no metric {name}"]
        labels |= {label for sample in samples for label in sample.labels}
        for label, _, value in matchers:
            if label not in OF_TARGETS and not all(label in sample.labels for sample in samples):
                found.append(f"{name} has no {label}")
            values = [] if "$" in value else value.split("|")
            found += [f"no {label} is {each}" for each in values if label in VALUES and each not in VALUES[label]]
    grouped = {label.strip() for group in re.findall(GROUPED, expression) for label in group.split(",")}
    return found + [f"nothing has {label}" for label in sorted(grouped - labels)]


@pytest.fixture(scope="module")
def known() -> Scrape:
    return scrape(full())


@pytest.mark.parametrize("expression", [rule["expr"] for rule in RULES], ids=[rule["alert"] for rule in RULES])
def test_an_alert_asks_for_what_exists(expression: str, known: Scrape) -> None:
    assert list(selectors(expression))
    assert faults(expression, known) == []


@pytest.mark.parametrize("expression", QUERIES)
def test_a_panel_asks_for_what_exists(expression: str, known: Scrape) -> None:
    assert list(selectors(expression))
    assert faults(expression, known) == []


@pytest.mark.parametrize(
    ("expression", "fault"),
    [
        ("rate(logagent_querys_total[5m])", "no metric logagent_querys_total"),
        ('logagent_peer_state{state="lost"} == 1', "no state is lost"),
        ('up and logagent_peer_state{host="web-1"}', "logagent_peer_state has no host"),
        ("sum by (peer, route) (logagent_peer_state)", "nothing has route"),
        ('rate(logagent_refusals_total{code=~"401|4xy"}[5m]) > 0', "no code is 4xy"),
        ("histogram_quantile(0.9, sum by (le) (rate(logagent_follow_lag_seconds_bucket[5m])))", "no metric logagent_f"),
    ],
)
def test_an_expression_that_asks_for_something_else_is_found_out(expression: str, fault: str, known: Scrape) -> None:
    assert any(fault in each for each in faults(expression, known))


def test_the_dashboard_shows_every_metric(known: Scrape) -> None:
    shown = {re.sub("_(bucket|sum|count)$", "", name) for query in QUERIES for name, _ in selectors(query)}
    told = {re.sub("_(bucket|sum|count)$", "", name) for name in known.names if name.startswith("logagent_")}
    assert told - shown == set()


def test_the_dashboard_is_one_that_grafana_takes() -> None:
    assert DASHBOARD["schemaVersion"] >= 36
    assert {"title", "uid", "templating", "panels", "time"} <= DASHBOARD.keys()
    variables = {variable["name"]: variable for variable in DASHBOARD["templating"]["list"]}
    assert (variables["datasource"]["type"], variables["datasource"]["query"]) == ("datasource", "prometheus")
    assert all(re.fullmatch(r"label_values\(.*\)", variables[name]["definition"]) for name in ("job", "instance"))
    ids = [panel["id"] for panel in DASHBOARD["panels"]]
    assert len(set(ids)) == len(ids)
    taken: set[tuple[int, int]] = set()
    for panel in DASHBOARD["panels"]:
        place = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert place["x"] + place["w"] <= 24
        assert not cells & taken, panel["title"]
        taken |= cells
    for panel in PANELS:
        assert panel["datasource"]["uid"] == "${datasource}"
        assert [target["refId"] for target in panel["targets"]] == list("ABCDEFGH"[: len(panel["targets"])])
        assert all('instance=~"$instance"' in target["expr"] for target in panel["targets"])


def test_every_alert_is_explained_and_no_other() -> None:
    section = (
        (DOCS / "metrics.md").read_text("utf-8").partition("<!-- alerts -->\n")[2].partition("<!-- end of alerts")[0]
    )
    assert re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE) == [rule["alert"] for rule in RULES]


def test_every_alert_says_how_bad_it_is_and_what_it_is() -> None:
    for rule in RULES:
        assert rule["labels"]["severity"] in {"critical", "warning", "info"}
        assert {"summary", "description"} == rule["annotations"].keys()


def test_every_alert_has_a_case_that_promtool_runs() -> None:
    cases = (DOCS.parent / "tests" / "proofs" / "alerts_test.yml").read_text("utf-8")
    assert [rule["alert"] for rule in RULES if not re.search(rf"\b{rule['alert']}\b", cases)] == []
