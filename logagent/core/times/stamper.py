"""The times of log lines, as integer nanoseconds since the epoch, UTC.

`locating` says which text of a line decides, `formats` how times are written. Lines of one file resemble each other, so
a `Stamper` remembers the layout of the last time that it read, and what the texts at its places stand for; most lines
then cost a few dictionary look-ups. What is remembered is looked up by every byte that could change it: the lines that
came before never change what a line means.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable, Sequence

from logagent.core.times.formats import LEAD, Format
from logagent.core.times.layout import DIGITS, MINUTES, KnownTexts, Layout
from logagent.core.times.leading_formats import LEADING
from logagent.core.times.locating import (
    AT_LEADING,
    AT_WRAPPED,
    LEADING_WINDOW,
    WINDOW,
    FoundTime,
    cut_at_leads,
    find_clocked,
    find_landmark,
    find_time,
)
from logagent.core.times.structured_fields import (
    TEXT_GROUPS,
    first_time_field,
    number_of_member,
    number_of_pair,
    values_of_members,
    values_of_pairs,
)
from logagent.core.times.wall_clock import WallClock
from logagent.core.units import HOUR, SECOND

LAYOUTS = 16
"""Layouts that are remembered of one file: ten are met where fractions drop their last zeros."""

_EPOCH = LEADING[0]
_SCALES = [10 ** (DIGITS - digits) for digits in range(DIGITS + 1)]
"""Nanoseconds of one in the last of so many digits."""
_NO_COLUMN = Layout(0, 0, 0, 0).column(0)
"""A column at which no text is known."""

_Texts = Callable[[Sequence[bytes]], Sequence[bytes]]
_Numbers = Callable[[bytes], re.Match[bytes] | None]


def _as_they_are(lines: Sequence[bytes]) -> Sequence[bytes]:
    return lines


def _epoch_time(found: re.Match[bytes]) -> int:
    """Read an epoch time: its seconds, the digits behind them, and those behind the point of milliseconds."""
    if found.lastgroup == "seconds":
        return int(found["seconds"]) * SECOND
    if found.lastgroup == "nanoseconds":
        return int(found["seconds"]) * SECOND + int(found["nanoseconds"])
    seconds, digits = found.group("seconds", "fraction")
    if found.lastgroup == "more":
        digits += found["more"]
    return int(seconds) * SECOND + _nanoseconds(digits)


def _nanoseconds(digits: bytes) -> int:
    """Return what the digits behind a second stand for."""
    digits = digits[:DIGITS]
    return int(digits) * _SCALES[len(digits)] if digits else 0


class Stamper:
    """Reads the times of one file's lines; for one thread at a time.

    Args:
        zone: the zone of times that name none.
        modified: when the file was last written to, in nanoseconds since the epoch. A time without a year is in the
            latest year that puts it at most a day after this.
    """

    def __init__(self, zone: datetime.tzinfo, modified: int) -> None:
        self._wall_clock = WallClock(zone, modified)
        self._layouts: dict[tuple[str, int, int, bytes], Layout] = {}
        self._layout = Layout(0, 0, 0, 0)
        self._column = self._layout.column(0)
        self._texts: _Texts = _as_they_are  # cuts lines so that their landmarks stand at that column
        self._numbers: _Numbers | None = None  # finds epoch times, if the last time was one
        self._leading = _EPOCH  # the format met last
        self._led = {form.name: KnownTexts() for form in LEADING}

    def stamp(self, line: bytes) -> int | None:
        """Return the time of a line in nanoseconds since the epoch, or None if it has none (see `locating`)."""
        first = find_landmark(line, 0, WINDOW)
        if first is None:
            return None
        if first.lastindex is None:
            return self._timed(line, first.end() - 1)
        if first.lastindex == AT_LEADING:
            match = self._leading.pattern.match(line, 0, LEADING_WINDOW)
            return self._read(find_time(line)) if match is None else self._read_leading(self._leading, match)
        if first.lastindex >= AT_WRAPPED:
            return self.stamp(line[first.end() :])
        field = first_time_field(line)
        if field is None or field.lastgroup in TEXT_GROUPS:
            return self._field(line, field)
        self._numbers = number_of_member if line.startswith(b"{") else number_of_pair
        return _epoch_time(field)

    def stamps(self, lines: Sequence[bytes]) -> list[int | None]:
        """Return the time of each line, as `stamp` does, faster.

        Where landmarks stand at one column, at most `LEAD` bytes into the line, none is looked for: the hour's text is
        all that stands before it. Lines with landmarks further on are cut first.
        """
        if (numbers := self._numbers) is not None:
            return [_epoch_time(m) if (m := numbers(line)) is not None else self.stamp(line) for line in lines]
        stamps: list[int | None] = []
        minutes, last, base = MINUTES.get, None, None
        cut = self._texts
        texts = cut(lines)
        reach, hour_end, second_end, hours, tail, parts = self._column
        for line, text in zip(lines, texts, strict=True):
            head = text[:reach]
            if head != last:
                last, base = head, hours(head[:hour_end])
                if base is not None:
                    minute, end = minutes(head[hour_end:second_end]), tail(head[second_end:])
                    base = None if minute is None or end is None else base + minute + end
            if base is not None:
                stamp = base
                for start, end, lookup in parts:
                    if (part := lookup(text[start:end])) is None:
                        break
                    stamp += part
                else:
                    stamps.append(stamp)
                    continue
            stamps.append(self.stamp(line))
            column = self._column if self._texts is cut else _NO_COLUMN  # the rest of the texts was cut for another
            last, (reach, hour_end, second_end, hours, tail, parts) = None, column
        return stamps

    def _timed(self, line: bytes, at: int) -> int | None:
        """Return the time of a line, or of a field's value, whose first landmark is at `at` and decides."""
        self._numbers = None
        known = self._layout.time(line, at)
        return known if known is not None else self._read(find_clocked(line), at)

    def _field(self, line: bytes, field: re.Match[bytes] | None) -> int | None:
        """Return the time of a structured line, of which `field` is the first time field and no epoch time."""
        value = field["text"] or field["other"] if field is not None else b""
        first = find_landmark(value, 0, WINDOW)
        if first is None or first.lastindex or (stamp := self._timed(value, first.end() - 1)) is None:
            return self._read(find_time(line))
        if self._texts is _as_they_are:
            self._texts = values_of_members if line.startswith(b"{") else values_of_pairs
        return stamp

    def _read(self, found: FoundTime | None, at: int | None = None) -> int | None:
        """Return the time that a text states; if its line's first landmark is at `at`, learn its layout."""
        if found is None:
            return None
        form, match, _ = found
        if form.is_leading:
            return self._read_leading(form, match)
        whole = form.instant(match, self._wall_clock)
        if whole is None:
            return None
        digits = match["fraction"] or b""
        settled = match["settled"] is not None and len(digits) <= DIGITS
        if settled and at is not None and match.start() < at < match.end("second"):
            self._learn(match.string, at, form, match)
        return whole + _nanoseconds(digits)

    def _read_leading(self, form: Format, match: re.Match[bytes]) -> int | None:
        self._leading = form
        if form is _EPOCH:
            self._numbers = _EPOCH.pattern.match
            return _epoch_time(match)
        known, text = self._led[form.name], match[0]
        time = known.get(text)
        if time is None and (time := form.instant(match, self._wall_clock)) is not None:
            time += _nanoseconds(match["fraction"] or b"")
            known.put(text, time)
        return time

    def _learn(self, line: bytes, at: int, form: Format, found: re.Match[bytes]) -> None:
        """Remember the layout of a time whose landmark is its line's first, and the text that settles its end."""
        second_end = found.end("second")
        digits_end = max(second_end, found.end("fraction"))
        after = line[digits_end : found.end()]
        digits = max(0, digits_end - second_end - 1)
        margin = found.end("settled") - found.end() + (found.end("settled") == len(line))
        layout = self._layout_for(form, second_end - at, digits, after, margin)
        layout.ends.put(line[digits_end : found.end() + layout.margin], 0)
        self._learn_hour(layout, line[max(0, at - LEAD) : second_end - 5], form, found)
        self._layout = layout
        self._texts = cut_at_leads if at >= LEAD else _as_they_are
        self._column = layout.column(min(at, LEAD))

    def _layout_for(self, form: Format, stop: int, digits: int, after: bytes, margin: int) -> Layout:
        key = (form.name, stop, digits, after)
        layout = self._layouts.get(key)
        if layout is None or layout.margin < margin:
            if len(self._layouts) >= LAYOUTS:
                self._layouts.clear()
            layout = self._layouts[key] = Layout(stop, digits, len(after), margin)
        return layout

    def _learn_hour(self, layout: Layout, text: bytes, form: Format, found: re.Match[bytes]) -> None:
        """Remember an hour met for the second time, unless the clocks change or the file's year ends in it."""
        if text != layout.last_hour:
            layout.last_hour = text
            return
        first, last = (self._at_minute(form, found, minute) for minute in (b"00:00", b"59:59"))
        if first is not None and last is not None and last - first == HOUR - SECOND:
            layout.hours.put(text, first)

    def _at_minute(self, form: Format, found: re.Match[bytes], minute: bytes) -> int | None:
        """Return the whole second of the same line at another minute and second of the hour."""
        line, second_end = found.string, found.end("second")
        text = line[: second_end - 5] + minute + line[second_end : found.end("settled")]
        other = form.pattern.match(text, found.start())
        return form.instant(other, self._wall_clock) if other is not None else None
