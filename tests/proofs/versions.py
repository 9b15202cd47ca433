"""Proof that a fleet can be upgraded host by host: `python tests/proofs/versions.py [REVISION]`, with `git` and `curl`.

Agents of an earlier revision (by default `REVISION`) and of this tree ask each other, each as the one that is asked and
as the one that asks. Every answer must be the one that two agents of this tree give, to the byte, except for what is
measured, and for notes and headers, which an earlier revision may not have. A cursor of the one must be read by the
other, or refused by name, never misread. The earlier revision is checked out into a temporary directory and runs with
the libraries of this environment. Exits 1 if a check fails, 2 where there is no such revision.
"""

from __future__ import annotations

import base64
import contextlib
import json
import os
import re
import subprocess
import sys
import tempfile
import zlib
from collections.abc import Collection
from difflib import ndiff
from pathlib import Path
from typing import Any

from proving import Checks, agent, must, run
from versions_with_rules import with_rules

TREE = Path(__file__).parents[2]
REVISION = "5f44e85"
"""The commit before agents said their names: what agents exchange has changed since. Whoever changes it next sets this
to the commit before."""
NEW_MEMBERS = (
    "labels",
    "labels_known",
    "found_by",
    "stale_since",
    "via",
    "down_since",
    "last_tried",
    "next_try",
    "sources",
    "notes",
    "times",
    "trace_id",
    "certificate_ends",
)
"""Members of documents that only newer agents have."""
NEW_HEADERS = "log-agent|log-takes|log-trace-id|logagent-version"
"""Headers that newer agents have, or have in more answers."""
TOO_OLD = "too old to say its name"
MEASURED = ("bytes_scanned", "timings_ms", "round_trip_ms", "url", "trace_id")
"""What may differ between two answers that are the same."""
NEWS = frozenset({"certificate_ends", "status", "message"})
"""Members of JSON that an earlier revision may lack in some places; where it has them, they must be the same."""
STACK = "{time} ERROR {number} failed\n  at one\n  at two\n"
QUESTIONS = (
    "/logs?filename=app.log&n=20",
    "/logs?filename=*.log&keyword=7&order=oldest&since=2026-11-28T10:00:30Z&until=2026-11-28T10:30:00Z",
    "/logs?filename=**/*&regex=number%20[0-9]*5$&n=40&context=2",
    "/logs?filename=errors.log&unit=event&keyword=at%20two&n=9",
    "/logs?filename=app.log&max_bytes=1000&cursors=true",
    "/logs?filename=app.log&rotated=false&ignore_case=true&keyword=LINE&n=500",
    "/logs?filename=no-such.log&hostname=other",
    "/logs?filename=app.log&hostname=nobody",
    "/logs?filename=app.log&hostname=other&n=3",
    "/hits?filename=*.log&step=1m",
    "/hits?filename=app.log&keyword=1",
    "/files?filename=**/*",
    "/hosts",
)
TYPES = ("text/plain", "application/x-ndjson")


def write_logs(root: Path) -> None:
    """Logs of which both hosts have the same, with events, a rotated file and a file without times."""
    times = [f"2026-11-28T10:{number // 60:02}:{number % 60:02}.{number % 1000:03}Z" for number in range(3000)]
    lines = [f"{time} line number {number}\n" for number, time in enumerate(times) if number < 2400]
    (root / "app.log").write_text("".join(lines[1200:]))
    (root / "app.log.1").write_text("".join(lines[:1200]))
    (root / "plain").mkdir()
    (root / "plain" / "notes.log").write_text("".join(f"note number {number}\n" for number in range(50)))
    stacks = [STACK.format(time=time, number=number) for number, time in enumerate(times[:300])]
    (root / "errors.log").write_text("".join(stacks))
    (root / "leads-out.log").symlink_to("/dev/null")
    for file in root.rglob("*.log*"):
        os.utime(file, (1_795_860_000, 1_795_860_000))


def answers(asked: Path, other: Path, root: Path) -> dict[str, str]:
    """What an agent of the one tree, which has an agent of the other as its peer, answers to each question."""
    with agent(other, "other", root) as url, agent(asked, "asked", root, "--peer", f"other={url}") as first:
        return {f"{question} as {kind}": ask(first, question, kind) for question in QUESTIONS for kind in TYPES}


def ask(url: str, question: str, kind: str) -> str:
    """The body of an answer without what is measured, and its trailers."""
    answer = run(["curl", "-s", "-i", "--http2-prior-knowledge", "-m", "60", "-H", f"accept: {kind}", url + question])
    lines = [
        line
        for line in answer.stdout.splitlines()
        if not re.match("(server-timing|date|log-bytes|content-length)", line)
    ]
    return "\n".join(map(settled, lines))


def settled(line: str) -> str:
    """A line of an answer without what is measured, and with cursors opened: their hosts stand in any order."""
    line = re.sub(r'(cursor"?: ?"?)([\w-]{30,})', lambda found: found[1] + _opened(found[2]), line)
    with contextlib.suppress(ValueError):
        return json.dumps(_without(json.loads(line)))
    return line


def _opened(cursor: str) -> str:
    packed = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))[4:]
    return json.dumps(json.loads(zlib.decompress(packed)), sort_keys=True).replace('"', "'")


def _without(value: object, names: Collection[str] = MEASURED) -> object:
    if isinstance(value, dict):
        return {name: _without(inner, names) for name, inner in value.items() if name not in names}
    return [_without(inner, names) for inner in value] if isinstance(value, list) else value


def without_news(answer: str) -> str:
    """An answer without what only newer agents tell: notes, their headers and trailers, and what is known of times."""
    lines = [line for line in answer.splitlines() if not re.match(f"(trailer|log-notes|{NEW_HEADERS})", line)]
    return "\n".join(map(_line_without_news, lines))


def _line_without_news(line: str) -> str:
    with contextlib.suppress(ValueError):
        value = _without(json.loads(_without_age(line)), NEW_MEMBERS)
        return json.dumps(_without_statuses(value) if isinstance(value, dict) and "files" in value else value)
    return line


def _without_age(line: str) -> str:
    """A line of `/hosts` without the message that a peer is too old for names."""
    return re.sub(rf'"message": "[^"]*{TOO_OLD}[^"]*"', '"message": ""', line)


def without_what_lacks(wanted: str, got: str) -> str:
    """The lines of an answer, where they are JSON without the members of `NEWS` that the same line of another lacks."""
    rows = wanted.splitlines()
    others = got.splitlines()
    for place, (row, other) in enumerate(zip(rows, others, strict=False)):
        with contextlib.suppress(ValueError):
            rows[place] = json.dumps(_common(json.loads(row), json.loads(other)))
    return "\n".join(rows)


def _common(wanted: object, got: object) -> object:
    if isinstance(wanted, dict) and isinstance(got, dict):
        kept = {name: value for name, value in wanted.items() if name in got or name not in NEWS}
        return {name: _common(value, got.get(name)) for name, value in kept.items()}
    if isinstance(wanted, list) and isinstance(got, list) and len(wanted) == len(got):
        return [_common(*both) for both in zip(wanted, got, strict=True)]
    return wanted


def _without_statuses(listing: dict[str, Any]) -> dict[str, Any]:
    """A listing without the statuses that older agents do not tell: its own and those of logs."""
    logs = [_without(log, ("status",)) for log in listing["files"]]
    return {name: value for name, value in listing.items() if name not in ("status", "message")} | {"files": logs}


def noted(answers: dict[str, str]) -> set[str]:
    """The hosts of whose link there is a note in every answer about a glob, of lines, of hits and of files."""
    hosts = {"asked", "other"}
    for question, answer in answers.items():
        if "*.log&" in question or "files" in question:
            shown = set(re.findall(r'host="(\w+)"', "".join(re.findall("log-notes: .*", answer))))
            shown |= set(re.findall(r'"host": "(\w+)", "kind": "link"', answer))
            hosts &= shown
    return hosts


def follows(checks: Checks, asked: Path, other: Path, root: Path, names: str) -> None:
    """A follow over both agents gives a line that is written to a log of both, from each of them."""
    with agent(other, "other", root) as url, agent(asked, "asked", root, "--peer", f"other={url}") as first:
        log = root / "live.log"
        log.write_text("2026-11-28T12:00:00Z before\n")
        address = f"{first}/logs?filename=live.log&follow=true&n=1&timeout=3s"
        with subprocess.Popen(["curl", "-sN", "--http2-prior-knowledge", address], stdout=subprocess.PIPE) as popen:
            assert popen.stdout is not None
            seen = [popen.stdout.readline()]
            with log.open("a") as file:
                file.write("2026-11-28T12:00:01Z after\n")
            seen += popen.stdout.readlines()
        log.unlink()
        checks.equal(f"{names}: followed lines of each host", sum(line.endswith(b"Z after\n") for line in seen), 2)


def identities(checks: Checks, earlier: Path, root: Path) -> None:
    """An agent that says no name is served with a note; one that is listed by a wrong name is not taken for another."""
    with agent(earlier, "other", root) as url:
        if "log-agent:" in ask(url, "/healthz", "*/*"):
            checks.note("the earlier revision says its name")
            return
        with agent(TREE, "asked", root, "--peer", f"other={url}") as first:
            answer = ask(first, "/logs?filename=app.log&n=2", "text/plain")
            checks.check("new asks old: complete", "log-complete: true" in answer, answer[-300:])
            checks.check(
                "new asks old: noted as too old", 'kind="unnamed";count=1;host="other"' in answer, answer[-300:]
            )
    with agent(TREE, "other", root) as url, agent(earlier, "asked", root, "--peer", f"alias={url}") as first:
        lines = _lines(first, "/logs?filename=app.log&n=2&prefix=true&hostname=alias")
        checks.check(
            "old asks new by another name: it renames, as ever", [line[:6] for line in lines] == ["alias "] * 2
        )


def new_parameters(checks: Checks, earlier: Path, root: Path) -> None:
    """A peer is named with the parameter that it is too old for, and the lines of the agent that was asked come."""
    questions = {
        "any": "/logs?filename=app.log&keyword=7&keyword=5&any=true&n=2",
        "n_per_file": "/logs?filename=app.log&n_per_file=2",
        "by": "/hits?filename=app.log&by=file",
        "paths": f"/logs?filename={root}/app.log&n=2",
    }
    with agent(earlier, "other", root) as url, agent(TREE, "asked", root, "--peer", f"other={url}") as first:
        for name, question in questions.items():
            *records, end = map(json.loads, _lines_as_json(first, question))
            failed = {part["host"]: part["message"] for part in end["end"]["hosts"] if part["status"]}
            told = set(failed) <= {"other"} and all(f"`{name}`" in message for message in failed.values())
            checks.check(f"new asks old with {name}: named, or answered", told, str(end)[-500:])
            checks.check(f"new asks old with {name}: the other host's lines", bool(records), str(end)[-500:])
            if not failed:
                checks.note(f"the earlier revision knows {name}")


def _lines_as_json(url: str, question: str) -> list[str]:
    accept = ["-H", "accept: application/x-ndjson"]
    return run(["curl", "-s", "--http2-prior-knowledge", "-m", "60", *accept, url + question]).stdout.splitlines()


def cursors(checks: Checks, earlier: Path, root: Path) -> None:
    """What one revision answered is gone on with by the other, whichever of the two is asked and asks."""
    question = "/logs?filename=*.log&n=30"
    for names, before, after, other in (
        ("a cursor of old, given to new", earlier, TREE, TREE),
        ("a cursor of new, given to old", TREE, earlier, TREE),
        ("a cursor of new over old, given to new", TREE, TREE, earlier),
        ("a cursor of old over old, given to new", earlier, TREE, earlier),
    ):
        with agent(other, "other", root) as url:
            with agent(before, "asked", root, "--peer", f"other={url}") as first:
                whole = _lines(first, "/logs?filename=*.log&n=60")
                begun = ask_raw(first, question)
            cursor = found[1] if (found := re.search("^log-cursor: (.*)$", begun, re.MULTILINE)) else ""
            with agent(after, "asked", root, "--peer", f"other={url}") as first:
                rest = _lines(first, f"{question}&cursor={cursor}")
        refused = any('"status": 400' in line and "cursor" in line for line in rest)
        checks.check(
            f"{names}: gone on with, or refused", rest == whole[30:] or (after == earlier and refused), rest[:3]
        )


def ask_raw(url: str, question: str) -> str:
    """An answer with its headers and trailers, as it came."""
    return run(["curl", "-s", "-i", "--http2-prior-knowledge", "-m", "60", url + question]).stdout.replace("\r", "")


def several_roots(checks: Checks, earlier: Path, root: Path, second: Path) -> None:
    """A bare name means the files of both roots of an agent of this tree, whoever asks it, and its peer's one."""
    question = "/logs?filename=app.log&since=2026-11-28T10:19:59Z&until=2026-11-28T10:20:00Z"
    (second / "app.log").write_text("2026-11-28T10:19:59.5Z in the second root\n")
    both = ("--root", str(second))
    with agent(TREE, "other", root, *both) as url, agent(earlier, "asked", root, "--peer", f"other={url}") as first:
        checks.equal("old asks new: lines of several roots", len(_lines(first, question)), 3)
    with agent(earlier, "other", root) as url, agent(TREE, "asked", root, *both, "--peer", f"other={url}") as first:
        checks.equal("new asks old: lines of several roots", len(_lines(first, question)), 3)
        (line,) = _lines(first, question.replace("app.log", "second:app.log"))
        checks.equal("new asks old: line of one root", line, "2026-11-28T10:19:59.5Z in the second root")


def _lines(url: str, question: str) -> list[str]:
    return run(["curl", "-s", "--http2-prior-knowledge", "-m", "60", url + question]).stdout.splitlines()


def prove(checks: Checks, earlier: Path, root: Path) -> None:
    expected = answers(TREE, TREE, root)
    checks.equal("new asks new: hosts with notes", noted(expected), {"asked", "other"})
    for names, asked, other in (("new asks old", TREE, earlier), ("old asks new", earlier, TREE)):
        given = answers(asked, other, root)
        for question, answer in given.items():
            got = without_news(answer)
            wanted = without_what_lacks(without_news(expected[question]), got)
            seen = [line for line in ndiff(wanted.splitlines(), got.splitlines()) if not line.startswith(" ")]
            checks.check(f"{names}: {question}", got == wanted, "\n".join(seen))
        if "log-notes" not in "".join(answers(earlier, earlier, root).values()):
            checks.equal(f"{names}: hosts with notes", noted(given), {"asked"} if asked is TREE else set())
        follows(checks, asked, other, root, names)


def main() -> int:
    revision = sys.argv[1] if len(sys.argv) > 1 else REVISION
    if run(["git", "-C", TREE, "rev-parse", "--verify", "-q", f"{revision}^{{commit}}"]).returncode:
        print(f"versions: there is no revision {revision}", file=sys.stderr)
        return 2
    checks = Checks()
    with tempfile.TemporaryDirectory(prefix="logagent-versions-") as directory:
        earlier, root = Path(directory, "earlier"), Path(directory, "root")
        earlier.mkdir()
        root.mkdir()
        archive = subprocess.run(["git", "-C", TREE, "archive", revision], capture_output=True, check=True).stdout
        must(["tar", "-x", "-C", earlier], archive)
        write_logs(root)
        prove(checks, earlier, root)
        identities(checks, earlier, root)
        new_parameters(checks, earlier, root)
        cursors(checks, earlier, root)
        second = Path(directory, "second")
        second.mkdir()
        several_roots(checks, earlier, root, second)
        with_rules(checks, TREE, earlier, root, Path(directory, "certs"))
    return checks.closing()


if __name__ == "__main__":
    sys.exit(main())
