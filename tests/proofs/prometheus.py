"""Proof that a stock Prometheus needs nothing but what docs/metrics.md says: `python tests/proofs/prometheus.py`, with
`prometheus`, `promtool` and `curl`.

Three agents with TLS, tokens and rules, all set up as the document's own examples say, are scraped by a Prometheus that
is, too. What is asked of the agents must stand in what Prometheus answers, with the traces of the answers; the alerts
must ring when a peer is killed, and be still when it is back. Takes a minute. Exits 1 if a check fails, 2 where there
are no tools to do it with.
"""

from __future__ import annotations

import json
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from proving import Checks, eventually, must, not_working, run

PROJECT = Path(__file__).parents[2]
DOCUMENT = PROJECT / "docs" / "metrics.md"
ALERTS = PROJECT / "docs" / "monitoring" / "alerts.yml"
PRIMARY, *SECONDARIES = NAMES = ("web-1", "db-1", "db-2")
LINES, QUESTIONS, COUNTS, REFUSED = 40, 30, 10, 5
OPENMETRICS = "application/openmetrics-text"
SOON = 30.0
"""Seconds in which anything shows: Prometheus looks each second, and an alert waits for two."""


def block(language: str) -> str:
    """The example of a language in the document."""
    found = re.search(rf"```{language}\n(.*?)```", DOCUMENT.read_text("utf-8"), re.DOTALL)
    assert found is not None
    return found[1]


def replaced(text: str, **by: str) -> str:
    """A text in which the value of each key is another; a key that is not there is a mistake of the document."""
    for key, value in by.items():
        text, count = re.subn(rf"(?m)^(\s*(?:- )?{key}\s*[=:] ?).*$", lambda found, new=value: found[1] + new, text)
        assert count == 1, key
    return text


def free_ports(count: int) -> list[int]:
    """Ports that nobody listens on."""
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(count)]
        return [one.getsockname()[1] for one in sockets]


@dataclass
class Fleet:
    """The agents, by name, and who asks them."""

    directory: Path
    tls: dict[str, int]
    clear: dict[str, int]
    tokens: dict[str, str]
    running: dict[str, subprocess.Popen[bytes]]

    def start(self, name: str) -> None:
        command = [sys.executable, "-m", "logagent", "serve", "--config", str(self.directory / f"{name}.toml")]
        self.running[name] = subprocess.Popen(command, stdout=subprocess.PIPE, cwd=PROJECT)
        out = self.running[name].stdout
        assert out is not None
        assert b" on " in out.readline(), name

    def kill(self, name: str) -> None:
        self.running[name].kill()
        self.running[name].wait()

    def ask(self, path: str, who: str = "alice", *flags: str, name: str = PRIMARY) -> tuple[int, str, str]:
        """Status, headers with trailers, and body."""
        headers = ["-H", f"authorization: Bearer {self.tokens[who]}"] if who else []
        ca = str(self.directory / "certs" / "ca.pem")
        url = f"https://127.0.0.1:{self.tls[name]}{path}"
        answer = run(["curl", "-sgv", "--http2", "-m", "30", "--cacert", ca, *headers, *flags, url])
        status = re.findall(r"^< HTTP/\S+ (\d+)", answer.stderr, re.MULTILINE)
        return int(status[-1]) if status else 0, answer.stderr, answer.stdout


def configured(directory: Path, fleet: Fleet) -> None:
    """Write each agent's settings: those of the document, at other places, with peers and their rights."""
    for name in NAMES:
        root = directory / name
        root.mkdir()
        lines = (f"2026-11-23T10:00:{second:02}Z {name} line {second}\n" for second in range(LINES))
        (root / "app.log").write_text("".join(lines))
        where = [f"http://127.0.0.1:{fleet.clear[name]}", f"https://127.0.0.1:{fleet.tls[name]}"]
        own = f'name = "{name}"\nroot = ["{root}"]\ncontrol = "{directory / name}.control"\n'
        settings = replaced(
            block("toml"),
            listen=json.dumps(where),
            certs=json.dumps(str(directory / "certs")),
            tokens=json.dumps(str(directory / "tokens")),
        )
        more = "\n[acting]\n" + f'{PRIMARY} = "token"\n'
        if name == PRIMARY:
            more += "\n[peer]\n" + "".join(f'{one} = "https://127.0.0.1:{fleet.tls[one]}"\n' for one in SECONDARIES)
        (directory / f"{name}.toml").write_text(own + settings + more)


@contextmanager
def agents(directory: Path) -> Iterator[Fleet]:
    """Three agents, as the document sets them up."""
    program = [sys.executable, "-m", "logagent"]
    must([*program, "certs", "init", str(directory / "certs")])
    for name in NAMES:
        must([*program, "certs", "host", name, str(directory / "certs"), "--address", "127.0.0.1"])
    tokens = {"nobody": f"logagent_{'x' * 43}"}
    for who, groups in (("prometheus", []), ("alice", ["--group", "ops"])):
        made = must([*program, "token", "new", who, *groups, "--tokens", str(directory / "tokens")])
        tokens[who] = max(made.split(), key=len)
    ports = free_ports(2 * len(NAMES))
    fleet = Fleet(
        directory, dict(zip(NAMES, ports[:3], strict=True)), dict(zip(NAMES, ports[3:], strict=True)), tokens, {}
    )
    configured(directory, fleet)
    try:
        for name in NAMES:
            fleet.start(name)
        yield fleet
    finally:
        for process in fleet.running.values():
            process.kill()
            process.wait()


class Prometheus:
    """A Prometheus, as its HTTP API tells of it."""

    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}"

    def get(self, path: str, **parameters: str) -> Any:
        """What a route of the API answers; None while it does not."""
        try:
            with urllib.request.urlopen(f"{self.url}/api/v1/{path}?{urllib.parse.urlencode(parameters)}") as answer:
                return json.load(answer)["data"]
        except OSError:
            return None

    def value(self, expression: str) -> float | None:
        """The value of an expression that has one sample; None: it has none."""
        found = self.get("query", query=expression)
        return float(found["result"][0]["value"][1]) if found and found["result"] else None

    def firing(self) -> set[tuple[str, str]]:
        """The alerts that ring, each with the host that it is about."""
        found = self.get("alerts") or {"alerts": []}
        return {
            (alert["labels"]["alertname"], alert["labels"].get("peer") or alert["labels"].get("instance", ""))
            for alert in found["alerts"]
            if alert["state"] == "firing"
        }


@contextmanager
def scraping(directory: Path, fleet: Fleet) -> Iterator[Prometheus]:
    """A Prometheus that scrapes the agents each second, over TLS and in cleartext, with alerts that ring soon."""
    (directory / "prometheus.token").write_text(fleet.tokens["prometheus"])
    alerts = re.sub(r"(?m)^(\s+for: ).*$", r"\g<1>2s", ALERTS.read_text("utf-8"))
    (directory / "alerts.yml").write_text(alerts)
    targets = json.dumps([f"127.0.0.1:{port}" for port in fleet.tls.values()])
    told = replaced(
        block("yaml"),
        credentials_file=str(directory / "prometheus.token"),
        ca_file=str(directory / "certs" / "ca.pem"),
        targets=targets,
    )
    clear = re.search(r"(?s)  - job_name.*(?=rule_files)", told)
    assert clear is not None
    cleartext = replaced(clear[0], job_name="cleartext", scheme="http", targets=f'["127.0.0.1:{fleet.clear[PRIMARY]}"]')
    cleartext = re.sub(r"(?m)^    tls_config:\n(      .*\n)+", "", cleartext)
    told = told.replace("rule_files", f"{cleartext}rule_files")
    (directory / "prometheus.yml").write_text(f"global: {{scrape_interval: 1s, evaluation_interval: 1s}}\n{told}")
    must(["promtool", "check", "config", str(directory / "prometheus.yml")])
    (port,) = free_ports(1)
    command = ["prometheus", f"--config.file={directory}/prometheus.yml", f"--storage.tsdb.path={directory}/tsdb"]
    command += [f"--web.listen-address=127.0.0.1:{port}", "--enable-feature=exemplar-storage"]
    with (directory / "prometheus.log").open("wb") as log, subprocess.Popen(command, stderr=log) as process:
        try:
            yield Prometheus(port)
        finally:
            process.terminate()


def main() -> int:
    """Set everything up, and print what holds."""
    if lacking := not_working(["prometheus", "--version"], ["promtool", "--version"], ["curl", "--version"]):
        print(lacking)
        return 2
    checks = Checks()
    with tempfile.TemporaryDirectory() as given:
        directory = Path(given)
        check_files(checks, directory)
        with agents(directory) as fleet, scraping(directory, fleet) as prometheus:
            check_formats(checks, fleet)
            check_up(checks, prometheus)
            traces = check_counts(checks, fleet, prometheus)
            check_traces(checks, prometheus, traces)
            check_alerts(checks, fleet, prometheus)
    return checks.closing()


def check_files(checks: Checks, directory: Path) -> None:
    """The alert rules are right by themselves."""
    shutil.copy(ALERTS, directory)
    shutil.copy(Path(__file__).parent / "alerts_test.yml", directory)
    checked = run(["promtool", "check", "rules", str(directory / "alerts.yml")])
    checks.check("promtool takes the alert rules", checked.returncode == 0, checked.stdout.split("\n")[1])
    tested = run(["promtool", "test", "rules", str(directory / "alerts_test.yml")])
    checks.check("and their unit tests hold", tested.returncode == 0, (tested.stdout + tested.stderr).strip()[-300:])


def check_formats(checks: Checks, fleet: Fleet) -> None:
    """Who may read the figures, and that promtool finds nothing wrong with them."""
    for version in ("--http2", "--http1.1"):
        status, told, body = fleet.ask("/metrics", "prometheus", version)
        linted = run(["promtool", "check", "metrics"], body.encode())
        checks.equal(f"{version}: status", status, 200)
        checks.check(f"{version}: promtool has no complaint", linted.returncode == 0, linted.stdout + linted.stderr)
        checks.check(f"{version}: as text", "content-type: text/plain; version=0.0.4" in told)
    _, told, body = fleet.ask("/metrics", "prometheus", "-H", f"accept: {OPENMETRICS}")
    checks.check("OpenMetrics to who wants it", OPENMETRICS in told and body.endswith("# EOF\n"))
    checks.equal("a local user whom no rule means: status", fleet.ask("/metrics", "")[0], 403)
    checks.equal("a token that is none: status", fleet.ask("/metrics", "nobody")[0], 401)
    checks.equal("Prometheus' token gives no logs: status", fleet.ask("/logs?filename=app.log", "prometheus")[0], 403)


def check_up(checks: Checks, prometheus: Prometheus) -> None:
    """Every target is up, over TLS and in cleartext."""
    up = eventually(lambda: prometheus.value("sum(up)") == len(NAMES) + 1, SOON)
    targets = (prometheus.get("targets") or {"activeTargets": []})["activeTargets"]
    seen = {target["scrapeUrl"]: target["health"] + target["lastError"] for target in targets}
    checks.check("every target is up", up, seen)


def check_counts(checks: Checks, fleet: Fleet, prometheus: Prometheus) -> set[str]:
    """Ask the primary this and that, and Prometheus how often; return the traces of the answers."""
    at_first = prometheus.value("sum(logagent_refusals_total{job='logagent',code='401'})") or 0
    traces, lines = set(), 0
    for _ in range(QUESTIONS):
        _, told, body = fleet.ask("/logs?filename=app.log&keyword=line")
        traces |= set(re.findall(r"^< log-trace-id: (\w+)", told, re.MULTILINE))
        lines += body.count("\n")
    for _ in range(COUNTS):
        fleet.ask("/hits?filename=app.log&keyword=line")
    for _ in range(REFUSED):
        fleet.ask("/logs?filename=app.log", "nobody")
    checks.equal("lines of all answers", lines, QUESTIONS * LINES * len(NAMES))
    checks.equal("each answer has a trace of its own", len(traces), QUESTIONS)
    of = f"job='logagent',instance='127.0.0.1:{fleet.tls[PRIMARY]}'"
    asked = {
        f"sum(logagent_queries_total{{{of},route='logs',scope='all',status='OK'}})": QUESTIONS,
        f"sum(logagent_queries_total{{{of},route='hits',scope='all',status='OK'}})": COUNTS,
        f"logagent_sent_lines_total{{{of},scope='all'}}": lines + COUNTS * LINES * len(NAMES),
        f"logagent_query_duration_seconds_count{{{of},route='logs'}}": QUESTIONS,
        "sum(logagent_refusals_total{job='logagent',code='401'})": at_first + REFUSED,
        **{
            f"sum(logagent_peer_answers_total{{{of},peer='{name}',status='OK'}})": QUESTIONS + COUNTS
            for name in SECONDARIES
        },
        **{
            f"sum(logagent_queries_total{{job='logagent',instance='127.0.0.1:{fleet.tls[name]}',"
            "route='logs',scope='own',status='OK'})": QUESTIONS
            for name in SECONDARIES
        },
    }  # fmt: skip
    for expression, count in asked.items():
        holds = partial(_has, prometheus, expression, count)
        checks.check(f"Prometheus counts {expression}", eventually(holds, SOON), prometheus.value(expression))
    return traces


def _has(prometheus: Prometheus, expression: str, count: float) -> bool:
    return prometheus.value(expression) == count


def check_traces(checks: Checks, prometheus: Prometheus, traces: set[str]) -> None:
    """Prometheus keeps traces of the answers beside the histograms."""

    def kept() -> set[str]:
        about = {"query": "logagent_query_duration_seconds_bucket{job='logagent'}"}
        window = {"start": str(time.time() - 300), "end": str(time.time() + 5)}
        found = prometheus.get("query_exemplars", **about, **window) or []
        return {one["labels"]["trace_id"] for series in found for one in series["exemplars"]}

    checks.check(
        "the trace of an answer is an exemplar", eventually(lambda: bool(kept() & traces), SOON), kept() & traces
    )


def check_alerts(checks: Checks, fleet: Fleet, prometheus: Prometheus) -> None:
    """Kill a peer and bring it back: alerts ring and end, as long as questions are asked."""
    lost = SECONDARIES[-1]
    both = {("LogagentDown", f"127.0.0.1:{fleet.tls[lost]}"), ("LogagentPeerAway", lost)}

    def asking() -> set[tuple[str, str]]:
        fleet.ask("/logs?filename=app.log&n=1")
        return prometheus.firing()

    quiet = eventually(lambda: not asking() & both, SOON)
    checks.check("no alert is about a peer that is there", quiet, prometheus.firing())
    fleet.kill(lost)
    checks.check(f"both alerts ring once {lost} is killed", eventually(lambda: asking() >= both, SOON), asking())
    incomplete = prometheus.value("sum(logagent_queries_total{scope='all',status='UNAVAILABLE',job='logagent'})")
    checks.check("its answers are counted as incomplete", (incomplete or 0) > 0, incomplete)
    fleet.start(lost)
    back = eventually(lambda: not asking() & both, SOON)
    checks.check("and end once it is back", back, prometheus.firing())


if __name__ == "__main__":
    sys.exit(main())
