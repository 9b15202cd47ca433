"""Logs of lines with times of their own, into whose messages and continuation lines other dates are strewn."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from hypothesis import strategies as st

from testbed.reading import joined

FIRST = datetime(2026, 11, 28, 9, 0, 0, tzinfo=UTC)
"""When the first line of each log is written."""

Writer = Callable[[datetime, str], str]
"""Writes a line: its time and its message."""


def _milliseconds(time: datetime) -> str:
    return f"{time.microsecond // 1000:03d}"


def _iso(time: datetime, joint: str = "T", zone: str = "Z", point: str = ".") -> str:
    return f"{time:%Y-%m-%d}{joint}{time:%H:%M:%S}{point}{_milliseconds(time)}{zone}"


def _json(time: datetime, message: str, *, last: bool, name: str = "time") -> str:
    others = {"level": "info", "msg": message, "due": _iso(time + timedelta(days=9)), "request": {"time": 4}}
    fields = {**others, name: _iso(time)} if last else {name: _iso(time), **others}
    return json.dumps(fields, separators=(",", ":"))


LAYOUTS: dict[str, Writer] = {
    "iso": lambda time, text: f"{_iso(time)} {text}",
    "iso with an offset": lambda time, text: f"{_iso(time, zone='+00:00')} web-1 app[7]: {text}",
    "syslog": lambda time, text: f"{time:%b} {time.day:2d} {time:%H:%M:%S} web-1 app[7]: {text}",
    "common log": lambda time, text: (
        f'192.0.2.1 - ada [{time:%d/%b/%Y:%H:%M:%S} +0000] "GET / HTTP/1.1" 200 7 "{text}"'
    ),
    "json": lambda time, text: _json(time, text, last=False),
    "json, time last": lambda time, text: _json(time, text, last=True),
    "json, another name": lambda time, text: _json(time, text, last=False, name="logged_at"),
    "json, epoch": lambda time, text: json.dumps({"ts": round(time.timestamp(), 3), "msg": text}),
    "logfmt": lambda time, text: f'level=info ts={_iso(time)} msg="{text}"',
    "logfmt, time first": lambda time, text: f'time="{_iso(time)}" level=info msg="{text}"',
    "epoch": lambda time, text: f"{time.timestamp():.3f} {text}",
    "klog": lambda time, text: f"I{time:%m%d %H:%M:%S.%f}       1 main.go:7] {text}",
    "python": lambda time, text: f"{_iso(time, ' ', '', ',')} - app - INFO - {text}",
    "log4j": lambda time, text: f"{_iso(time, ' ', '', ',')} INFO  [main] com.acme.App - {text}",
    "bracketed": lambda time, text: f"[{time:%Y-%m-%d %H:%M:%S}] app.INFO: {text}",
    "level in front": lambda time, text: f"{'WARN' if time.second % 3 else 'INFO'}  {time:%Y-%m-%d %H:%M:%S} {text}",
    "level in brackets": lambda time, text: f"[INFO] [{time:%Y-%m-%d %H:%M:%S}] {text}",
    "host in front": lambda time, text: f"web-{time.second % 3} {_iso(time)} {text}",
    "slashed": lambda time, text: f"{time:%Y/%m/%d %H:%M:%S} [error] 7#7: {text}",
    "ctime": lambda time, text: f"[{time:%a %b %d %H:%M:%S.%f %Y}] [core:error] {text}",
    "redis": lambda time, text: f"7:M {time:%d %b %Y %H:%M:%S}.{_milliseconds(time)} * {text}",
}
"""The usual layouts of lines."""

DATES: tuple[Callable[[datetime], str], ...] = (
    _iso,
    lambda time: f"{time:%Y-%m-%d %H:%M:%S}",
    lambda time: f"{time:%b} {time.day:2d} {time:%H:%M:%S}",
    lambda time: f"{time:%d/%b/%Y:%H:%M:%S} +0100",
    lambda time: f"{time:%a, %d %b %Y %H:%M:%S} GMT",
    lambda time: f"{time:%a %b %d %H:%M:%S %Y}",
    lambda time: f"{time:%Y/%m/%d %H:%M:%S}",
    lambda time: f"{time:%d.%m.%Y %H:%M:%S}",
    lambda time: f"{time:%m/%d/%Y %H:%M:%S}",
    lambda time: f"{time:%H:%M:%S}",
    lambda time: f"{time:%d-%b-%Y %H:%M:%S}.123",
    lambda time: f"{time.timestamp():.0f}",
    lambda time: f"{time:%Y%m%dT%H%M%SZ}",
)
"""Ways to write a date that a message mentions."""

MESSAGES = (
    "{}",
    "expires {}",
    "job 7 was planned for {} but hit a lock",
    "[{}] hit",
    "({})",
    "created_at > '{}' AND n = 7",
    "until={} since={}",
    "a hit: not after {}, not before {}",
    "no date at all, hit",
    "nothing",
)
"""Messages, with the places of dates in them; none has quotes or backslashes that JSON would escape."""

CONTINUATIONS = (
    "  at com.acme.Job.run(Job.java:7)",
    "Caused by: java.sql.SQLException: value {} out of range, hit",
    "    {} was expected",
    "\t... {}",
    "  [{}] inner",
    '  "expires": "{}",',
    "WHERE created_at BETWEEN '{}' AND '{}' /* hit */",
    "until {}",
    '{{"due": "{}", "state": "hit"}}',
    '  {{"due": "{}"}}',
    "DETAIL:  Key (at)=({}) already exists",
    "",
)
"""Continuation lines, likewise. None begins with a date: in the layout of the file's own it could not be told apart."""

BEHIND_A_WORD = {"host in front", "redis"}
"""Layouts whose times stand behind one word, where that of a sentence could not be told from a host's name."""


class Line(NamedTuple):
    """A line: seconds since the one before, and its text; None seconds for a continuation."""

    seconds: float | None
    text: str
    dates: tuple[tuple[int, timedelta], ...]


_offsets = st.one_of(
    st.integers(-10 * 365, 10 * 365).map(lambda days: timedelta(days=days, seconds=days)),
    st.integers(-7200, 7200).map(lambda seconds: timedelta(seconds=seconds)),
)
_dates = st.tuples(*[st.tuples(st.integers(0, len(DATES) - 1), _offsets)] * 2)
_timed = st.builds(Line, st.sampled_from([0, 0.25, 1, 7, 60, 1800]), st.sampled_from(MESSAGES), _dates)
_continuing = st.builds(Line, st.none(), st.sampled_from(CONTINUATIONS), _dates)
lines = st.tuples(_timed, st.lists(st.one_of(_timed, _continuing), max_size=40)).map(lambda pair: [pair[0], *pair[1]])
"""Lines of a log, the first of which states a time."""


def written(layout: str, lines: Sequence[Line], *, strewn: bool, times: int = 1) -> tuple[bytes, datetime]:
    """Return a log and the time of its last line.

    Args:
        strewn: whether dates are strewn into it, or harmless text of their length.
        times: how often the lines are repeated, the clock going on.
    """
    write, now, texts = LAYOUTS[layout], FIRST, []
    for line in [*lines] * times:
        now += timedelta(seconds=line.seconds or 0)
        if layout in BEHIND_A_WORD and line.text == "until {}":
            line = line._replace(text="it ran until {}")
        dates = [DATES[number](now + offset) for number, offset in line.dates]
        text = line.text.format(*[date if strewn else "x" * len(date) for date in dates])
        texts.append((text if line.seconds is None else write(now, text)).encode())
    return joined(texts), now


def zipped(text: bytes) -> bytes:
    return gzip.compress(text, 1)
