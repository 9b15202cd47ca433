"""The times of log lines, as integer nanoseconds since the epoch, UTC.

`locating` says which text of a line decides, `formats` how times are written. Lines of one file resemble each other, so
a `Stamper` remembers the layout of the last time that it read, and what the texts at its places stand for; most lines
then cost a few dictionary look-ups. What is remembered is looked up by every byte that could change it: the lines that
came before never change what a line means.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Sequence

from logagent.core.times.cutting import Cutting, Numbers, Texts
from logagent.core.times.formats import LEAD, Format
from logagent.core.times.instants import EPOCH, epoch_time, instant_of
from logagent.core.times.judgement import Judgement
from logagent.core.times.layout import DIGITS, MINUTES, KnownLayouts, Layout
from logagent.core.times.leading_times import LeadingTimes
from logagent.core.times.locating import (
    AT_LEADING,
    AT_WRAPPED,
    LEADING_WINDOW,
    WINDOW,
    FoundTime,
    find_clocked,
    find_landmark,
    find_time,
    is_coloured,
)
from logagent.core.times.places import Kind, TimePlace, candidates
from logagent.core.times.structured_fields import (
    TEXT_GROUPS,
    first_time_field,
    name_of,
    number_of_pair,
    values_of_pairs,
)
from logagent.core.times.wall_clock import WallClock
from logagent.core.units import HOUR, SECOND

_NO_COLUMN = Layout(0, 0, 0, 0).column(0)
"""A column at which no text is known."""


def _as_they_are(lines: Sequence[bytes]) -> Sequence[bytes]:
    return lines


class Stamper:
    """Reads the times of one file's lines; for one thread at a time.

    Args:
        zone: the zone of times that name none.
        modified: when the file was last written to, in nanoseconds since the epoch. A time without a year is in the
            latest year that puts it at most a day after this.
        judgement: of the file; times at other places than it names do not count. None: those count that `locating`
            finds in a line by itself.
        wall_clock: reads times instead of that of `zone` and `modified`.
    """

    def __init__(
        self,
        zone: datetime.tzinfo,
        modified: int,
        judgement: Judgement | None = None,
        *,
        wall_clock: WallClock | None = None,
    ) -> None:
        self._wall_clock = wall_clock or WallClock(zone, modified)
        self._places = None if judgement is None else judgement.places
        self._of_any_line = judgement is not None and (judgement.of_objects or judgement.in_columns)
        self._cutting = Cutting(self._places)
        self._layouts = KnownLayouts()
        self._layout = Layout(0, 0, 0, 0)
        self._column = self._layout.column(0)
        self._texts: Texts = _as_they_are  # cuts lines so that their landmarks stand at that column
        self._numbers: Numbers | None = None  # finds epoch times, if the last time was one
        self._leading = EPOCH  # the format met last
        self._led = LeadingTimes(self._wall_clock)

    def stamp(self, line: bytes) -> int | None:
        """Return the time of a line in nanoseconds since the epoch, or None if it has none."""
        first = find_landmark(line, 0, WINDOW)
        if first is None:
            return self._at_places(line) if self._of_any_line else None
        if first.lastindex is None:
            at = first.end() - 1
            return self._timed(line, at) if self._places is None else self._at_places(line, at)
        if first.lastindex == AT_LEADING:
            match = self._leading.pattern.match(line, 0, LEADING_WINDOW)
            if match is None or not self._counts(Kind.START, self._leading.name):
                return self._slowly(line)
            return self._read_leading(self._leading, match)
        if first.lastindex >= AT_WRAPPED:
            return self.stamp(line[first.end() :])
        return self._structured(line)

    def _structured(self, line: bytes) -> int | None:
        field = first_time_field(line)
        kind = Kind.FIELD if line.startswith(b"{") else Kind.PAIR
        if self._places is not None and (field is None or not self._counts(kind, name_of(field))):
            return self._at_places(line)
        if field is None or field.lastgroup in TEXT_GROUPS:
            return self._field(line, field)
        self._numbers = self._cutting.number_of_member if line.startswith(b"{") else number_of_pair
        return epoch_time(field)

    def stamps(self, lines: Sequence[bytes]) -> list[int | None]:
        """Return the time of each line, as `stamp` does, faster.

        Where landmarks stand at one column, at most `LEAD` bytes into the line, none is looked for: the hour's text is
        all that stands before it. Lines with landmarks further on are cut first.
        """
        if (numbers := self._numbers) is not None:
            return [epoch_time(m) if (m := numbers(line)) is not None else self.stamp(line) for line in lines]
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

    def _counts(self, kind: Kind, name: str) -> bool:
        return self._places is None or TimePlace(kind, name) in self._places

    def _slowly(self, line: bytes) -> int | None:
        return self._read(find_time(line)) if self._places is None else self._at_places(line)

    def _at_places(self, line: bytes, at: int | None = None) -> int | None:
        """Return the time of a line that stands at a place where lines of this file state their own.

        Args:
            at: the line's first landmark, if it decides.
        """
        self._numbers = None
        if at is not None and (at < LEAD or line.count(b" ", 0, at) in self._layout.spaces):
            known = self._layout.time(line, at)
            if known is not None:
                return known
        for candidate in candidates(line):
            if candidate.place in (self._places or ()):
                return self._read(candidate.found, at if candidate.found.text is line else None)
        return None

    def _timed(self, line: bytes, at: int) -> int | None:
        """Return the time of a line, or of a field's value, whose first landmark is at `at` and decides."""
        self._numbers = None
        known = self._layout.time(line, at)
        if known is not None:
            return known
        found = find_clocked(line)
        return self._slowly(line) if found is None and is_coloured(line) else self._read(found, at)

    def _field(self, line: bytes, field: re.Match[bytes] | None) -> int | None:
        """Return the time of a structured line, of which `field` is the first time field and no epoch time."""
        value = field["text"] or field["other"] if field is not None else b""
        first = find_landmark(value, 0, WINDOW)
        if first is None or first.lastindex or (stamp := self._timed(value, first.end() - 1)) is None:
            return self._slowly(line)
        if self._texts is _as_they_are:
            self._texts = self._cutting.members if line.startswith(b"{") else values_of_pairs
        return stamp

    def _read(self, found: FoundTime | None, at: int | None = None) -> int | None:
        """Return the time that a text states; if its line's first landmark is at `at`, learn its layout."""
        if found is None:
            return None
        form, match, _ = found
        if form.is_leading:
            return self._read_leading(form, match)
        time = instant_of(form, match, self._wall_clock)
        if time is None:
            return None
        settled = match["settled"] is not None and len(match["fraction"] or b"") <= DIGITS
        if settled and at is not None and match.start() < at < match.end("second"):
            self._learn(match.string, at, form, match)
        return time

    def _read_leading(self, form: Format, match: re.Match[bytes]) -> int | None:
        self._leading = form
        if form is EPOCH:
            self._numbers = EPOCH.pattern.match
            return epoch_time(match)
        return self._led.read(form, match)

    def _learn(self, line: bytes, at: int, form: Format, found: re.Match[bytes]) -> None:
        """Remember the layout of a time whose landmark is its line's first, and the text that settles its end."""
        second_end = found.end("second")
        digits_end = max(second_end, found.end("fraction"))
        after = line[digits_end : found.end()]
        digits = max(0, digits_end - second_end - 1)
        margin = found.end("settled") - found.end() + (found.end("settled") == len(line))
        layout = self._layouts.of(form.name, second_end - at, digits, after, margin)
        layout.ends.put(line[digits_end : found.end() + layout.margin], 0)
        self._learn_hour(layout, line[max(0, at - LEAD) : second_end - 5], form, found)
        self._layout = layout
        layout.spaces.add(line.count(b" ", 0, at))
        self._texts = self._cutting.behind(line[:at], layout.spaces) if at >= LEAD else _as_they_are
        self._column = layout.column(min(at, LEAD))

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
