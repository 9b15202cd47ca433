"""Clients that people use, over real sockets: curl, stock httpx, Node's http2, h2load."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from logagent.authority import certs
from testbed.processes import Process, needs, running, settled

pytestmark = pytest.mark.real

LINES = [
    f"2026-11-23T10:{minute:02}:{second:02}Z line {minute * 60 + second}"
    for minute in range(60)
    for second in range(60)
]


def run(*command: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(command, capture_output=True, timeout=60, check=False)


def curl(*arguments: str) -> subprocess.CompletedProcess[bytes]:
    return run("curl", "-sS", "--max-time", "30", *arguments)


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("certs")
    certs.init(directory, now=datetime.now(UTC))
    for name in ("web0", "web1"):
        certs.host(name, directory, addresses=["127.0.0.1"], now=datetime.now(UTC))
    return directory


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory, authority: Path) -> Iterator[tuple[Process, Process]]:
    """web0 in cleartext and over TLS, which knows web1 over mutual TLS, and web2, which is down."""
    roots = [tmp_path_factory.mktemp(name) for name in ("web0", "web1")]
    for number, root in enumerate(roots):
        (root / "app.log").write_text("".join(f"{line}\n" for line in LINES[number::2]))
    (roots[0] / "alternatives.log").write_text("update-alternatives 2026-11-23 10:00:00: link group vi updated\n")
    with running("web1", roots[1], "--certs", str(authority)) as web1:
        flags = ["--certs", str(authority), "--peer", f"web1={web1.url}", "--peer", "web2=https://127.0.0.1:9"]
        with running("web0", roots[0], *flags, listen=["http://127.0.0.1:0", "https://127.0.0.1:0"]) as web0:
            yield web0, web1


@needs("curl")
@pytest.mark.parametrize("way", ["--http2-prior-knowledge", "--http2"])
def test_curl_shows_the_verdict_in_the_trailers_of_h2c(cluster: tuple[Process, Process], way: str) -> None:
    web0, _ = cluster
    done = curl(way, "-v", f"{web0.url}/logs?filename=app.log&hostname=web0&hostname=web1&n=3")
    assert done.stdout.decode().splitlines() == list(reversed(LINES[-3:]))
    assert b"< log-status: 0" in done.stderr
    assert b"< log-complete: true" in done.stderr
    assert done.returncode == 0


@needs("curl")
def test_curl_posts_a_form_over_tls_once_it_is_told_to_go_on(
    cluster: tuple[Process, Process], authority: Path, tmp_path: Path
) -> None:
    """Over both protocols, also where the form is longer than any URL, and with what curl waits for before it sends."""
    web0, _ = cluster
    form = tmp_path / "form"
    form.write_text("&".join(["filename=app.log", "any=true", *(f"keyword=line%20{n}5" for n in range(300, 9000))]))
    files = ["--cacert", f"{authority}/ca.pem", "--cert", f"{authority}/web1.pem", "--key", f"{authority}/web1-key.pem"]
    expected = [line for line in reversed(LINES) if len(line) == len(LINES[-1]) and line.endswith("5")][:3]
    for way in ("--http1.1", "--http2"):
        asked = ["-H", "Expect: 100-continue", "--data-binary", f"@{form}", f"{web0.urls[1]}/logs?n=3"]
        done = curl(way, "-v", *files, *asked)
        assert done.stdout.decode().splitlines() == expected, done.stderr
        assert way == "--http2" or b"< HTTP/1.1 100" in done.stderr


@needs("curl")
def test_curl_shows_the_verdict_in_the_trailers_over_tls(cluster: tuple[Process, Process], authority: Path) -> None:
    web0, _ = cluster
    files = ["--cacert", f"{authority}/ca.pem", "--cert", f"{authority}/web1.pem", "--key", f"{authority}/web1-key.pem"]
    done = curl("--http2", "-v", *files, f"{web0.urls[1]}/logs?filename=app.log&hostname=web0&n=1")
    assert done.stdout.decode().splitlines() == LINES[-2:-1]
    assert b"< log-status: 0" in done.stderr


@needs("curl")
def test_tls_client_without_a_certificate_is_refused_in_words(
    cluster: tuple[Process, Process], authority: Path
) -> None:
    web0, _ = cluster
    done = curl("--cacert", f"{authority}/ca.pem", f"{web0.urls[1]}/logs?filename=app.log")
    assert "certificate" in json.loads(done.stdout)["detail"]
    assert json.loads(done.stdout)["status"] == 401


@needs("curl")
def test_the_command_of_the_first_version_works_unchanged(cluster: tuple[Process, Process]) -> None:
    web0, _ = cluster
    url = f"{web0.url}/logs?hostname=web0&filename=alternatives.log&keyword=updated&n=20"
    done = curl("--http2", url, "-H", "accept: text/plain")
    assert done.stdout == b"update-alternatives 2026-11-23 10:00:00: link group vi updated\n"


@needs("curl")
def test_incomplete_answer_names_the_host_and_leaves_curl_content(cluster: tuple[Process, Process]) -> None:
    web0, _ = cluster
    done = curl("--http2", "-v", f"{web0.url}/logs?filename=app.log&n=5")
    assert done.stdout.decode().splitlines() == list(reversed(LINES[-5:]))
    assert b"< log-status: 14" in done.stderr
    assert b'< log-hosts: "web2";status=14' in done.stderr
    assert done.returncode == 0


@needs("curl")
def test_strict_makes_curl_fail_on_an_incomplete_answer(cluster: tuple[Process, Process]) -> None:
    web0, _ = cluster
    url = f"{web0.url}/logs?filename=app.log&n=5"
    done = curl("--http2-prior-knowledge", "-H", "Prefer: handling=strict", url)
    assert done.returncode == 92
    lines = done.stdout.decode().splitlines()
    assert lines == LINES[-5:][::-1][: len(lines)]  # it may drop what it reads together with the reset


@needs("curl")
def test_incomplete_text_over_http1_is_cut(cluster: tuple[Process, Process]) -> None:
    web0, _ = cluster
    assert curl("--http1.1", f"{web0.url}/logs?filename=app.log&n=5").returncode == 18
    assert curl("--http1.1", f"{web0.url}/logs?filename=app.log&n=5&hostname=web0").returncode == 0


def test_stock_httpx_reads_the_end_record(cluster: tuple[Process, Process]) -> None:
    web0, _ = cluster
    with httpx.Client(http1=False, http2=True) as client:
        url = f"{web0.url}/logs?filename=app.log&n=2&hostname=web?&hostname=web0"
        answer = client.get(url, headers={"accept": "application/x-ndjson"})
    records = [json.loads(line) for line in answer.text.splitlines()]
    assert [record["line"] for record in records[:-1]] == [LINES[-1], LINES[-2]]
    assert [record["host"] for record in records[:-1]] == ["web1", "web0"]
    assert records[0]["time"] == "2026-11-23T10:59:59.000000000Z"
    assert records[-1]["end"]["status"] == 14


NODE = """
const http2 = require('http2');
const session = http2.connect(process.argv[1]);
const stream = session.request({':path': process.argv[2]});
stream.on('trailers', trailers => console.log(JSON.stringify(trailers)));
stream.on('end', () => session.close());
stream.resume();
"""


@needs("node")
def test_node_gets_the_trailers_event(cluster: tuple[Process, Process]) -> None:
    web0, _ = cluster
    done = run("node", "-e", NODE, web0.url, "/logs?filename=app.log&hostname=web0")
    trailers = json.loads(done.stdout)
    assert (trailers["log-status"], trailers["log-lines"]) == ("0", str(len(LINES) // 2))


@needs("h2load")
def test_twelve_hundred_queries_on_one_connection_leave_nothing_behind(cluster: tuple[Process, Process]) -> None:
    web0, _ = cluster
    url = f"{web0.url}/logs?filename=app.log&hostname=web0&n=20"
    run("h2load", "-n", "200", "-c", "1", "-m", "50", url)
    before = settled(lambda: web0.descriptors)
    done = run("h2load", "-n", "1200", "-c", "1", "-m", "50", "-H", "te: trailers", url)
    assert b"1200 succeeded, 0 failed, 0 errored, 0 timeout" in done.stdout
    assert settled(lambda: web0.descriptors) <= before
    assert web0.popen.poll() is None
