"""The commands that are timed: curl, and what one would type without logagent."""

from __future__ import annotations

import os
import resource
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import median

_ASKED = ("http_code", "header{log-complete}", "header{log-lines}", "header{server-timing}")
_C_LOCALE = {**os.environ, "LC_ALL": "C"}
"""The locale in which tac, grep and sort are fastest."""


@dataclass(frozen=True, slots=True)
class Fetched:
    """One answer that curl fetched. seconds: from curl's start to its end. cpu_seconds: curl's own."""

    seconds: float
    cpu_seconds: float
    lines: int
    server_timing: str


def curl_command(url: str, out: str = os.devnull, accept: str = "*/*") -> list[str]:
    """HTTP/2 from the first byte on; `-k` since no certificate in here has a known authority."""
    version = "--http2" if url.startswith("https:") else "--http2-prior-knowledge"
    asked = "\\n".join(f"%{{{name}}}" if "{" not in name else f"%{name}" for name in _ASKED)
    return ["curl", version, "-k", "-sS", "-H", f"accept: {accept}", "-o", out, "-w", asked, url]


def fetch(url: str, out: str = os.devnull, *, lines: int | None = None, accept: str = "*/*") -> Fetched:
    """Fetch an agent's answer, which must be complete, and of so many lines if they are given."""
    fetched = _fetch(url, out, accept)
    if lines is not None and fetched.lines != lines:
        raise RuntimeError(f"{fetched.lines} lines from {url}, not {lines}")
    return fetched


def _fetch(url: str, out: str, accept: str) -> Fetched:
    used, began = cpu_of_children(), time.perf_counter()
    said = subprocess.run(curl_command(url, out, accept), stdout=subprocess.PIPE, text=True, check=True).stdout
    seconds, used = time.perf_counter() - began, cpu_of_children() - used
    code, complete, counted, timing = said.split("\n")
    if (code, complete) != ("200", "true"):
        raise RuntimeError(f"{url}: HTTP status {code}, complete: {complete}")
    return Fetched(seconds, used, int(counted), timing)


def download(url: str) -> float:
    """Seconds that curl takes for something that is no agent's answer."""
    began = time.perf_counter()
    said = subprocess.run(curl_command(url), stdout=subprocess.PIPE, text=True, check=True).stdout
    if not said.startswith("200"):
        raise RuntimeError(f"{url}: HTTP status {said.split()[0]}")
    return time.perf_counter() - began


def shell(line: str, *arguments: str | Path) -> float:
    """Seconds that a line of shell takes; `$1` and so on are the arguments."""
    began = time.perf_counter()
    subprocess.run(["sh", "-c", line, "sh", *map(str, arguments)], check=True, env=_C_LOCALE)
    return time.perf_counter() - began


def cpu_of_children() -> float:
    """Seconds of a processor that all commands took that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


@dataclass(frozen=True, slots=True)
class SideBySide:
    """Seconds of two things that were done in turns."""

    ours: list[float]
    theirs: list[float]

    @property
    def medians(self) -> tuple[float, float]:
        return median(self.ours), median(self.theirs)

    @property
    def ratio(self) -> float:
        """Ours to theirs: the median over the pairs, each of which ran close together."""
        return median(ours / theirs for ours, theirs in zip(self.ours, self.theirs, strict=True))


def side_by_side(repetitions: int, ours: Callable[[], float], theirs: Callable[[], float]) -> SideBySide:
    """Do both in turns, each the first every other time, after one of each that does not count."""
    ours(), theirs()
    pairs = [(ours(), theirs()) if turn % 2 else (theirs(), ours())[::-1] for turn in range(repetitions)]
    return SideBySide([pair[0] for pair in pairs], [pair[1] for pair in pairs])
