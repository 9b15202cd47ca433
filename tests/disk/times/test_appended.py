"""The times of lines as they are appended: an untimed one has that of the line before it."""

from __future__ import annotations

from datetime import UTC

from hypothesis import given
from hypothesis import strategies as st

from logagent.disk.times.appended import BEFORE, REMEMBERED, AppendedTimes
from testbed.reading import joined

SECOND = 1_000_000_000
START = 1_700_000_000
MODIFIED = (START + 86_400) * SECOND


def line(second: int) -> bytes:
    return b"%d begun" % (START + second)


def time(second: int) -> int:
    return (START + second) * SECOND


class Growing:
    """A file whose blocks are learnt one after the other, as a tail's reads are."""

    def __init__(self, content: bytes = b"") -> None:
        self.content = content
        self.asked: list[int] = []
        self.stamping = AppendedTimes(UTC, self._before)

    def _before(self, offset: int, most: int) -> bytes:
        self.asked.append(offset)
        return self.content[max(0, offset - most) : offset]

    def learn(self, *lines: bytes, modified: int = MODIFIED) -> list[int]:
        """The times of lines that are appended as one block."""
        offset = len(self.content)
        self.content += joined(lines)
        self.stamping.learn(offset, joined(lines), modified)
        return self.times(offset, lines)

    def times(self, offset: int, lines: tuple[bytes, ...]) -> list[int]:
        starts = [offset + len(joined(lines[:place])) for place in range(len(lines))]
        return self.stamping.times(starts, lines)


def test_lines_without_a_time_have_that_of_the_line_before() -> None:
    assert Growing().learn(line(1), b"  at", b"  at", line(2), b"  at") == [time(s) for s in (1, 1, 1, 2, 2)]


def test_over_the_border_of_a_block_too_without_reading_again() -> None:
    file = Growing()
    file.learn(line(1), b"  at")
    assert file.learn(b"  at") == [time(1)]
    assert file.learn(b"  at", line(2)) == [time(1), time(2)]
    assert file.asked == []


def test_the_first_lines_that_are_followed_have_the_time_of_what_was_there_before() -> None:
    file = Growing(joined([line(1), b"  at"]))
    assert file.learn(b"  at", line(2)) == [time(1), time(2)]
    assert set(file.asked) == {len(joined([line(1), b"  at"]))}


def test_what_is_too_far_before_is_not_looked_at() -> None:
    file = Growing(line(1) + b"\n" + b"x" * BEFORE + b"\n")
    assert file.learn(b"  at", line(2)) == [time(2), time(2)]


def test_without_any_before_they_have_the_time_of_the_first_that_has_one() -> None:
    assert Growing().learn(b"banner", line(1)) == [time(1), time(1)]


def test_a_file_without_times_has_that_of_its_modification_until_one_comes() -> None:
    file = Growing()
    assert file.learn(b"one", b"two", modified=7) == [7, 7]
    assert (file.stamping.timed, list(file.stamping.stamps(0, [b"three"]))) == (False, [7])
    assert file.learn(line(1), b"four") == [time(1), time(1)]
    assert (file.stamping.timed, list(file.stamping.stamps(0, [line(1), b"four"]))) == (True, [time(1), None])


def test_some_lines_of_a_block_are_asked_for() -> None:
    file = Growing()
    lines = (line(1), b"  at", line(2), b"  at")
    file.learn(*lines)
    starts = [0, len(lines[0]) + 1, len(joined(lines[:2])), len(joined(lines[:3]))]
    assert file.stamping.times([starts[1], starts[3]], [lines[1], lines[3]]) == [time(1), time(2)]
    assert file.stamping.times([], []) == []


def test_lines_of_several_blocks_are_asked_for_at_once() -> None:
    file = Growing()
    file.learn(line(1))
    second = len(file.content)
    file.learn(b"  at", line(2))
    assert file.stamping.times([0, second], [line(1), b"  at"]) == [time(1), time(1)]


def test_a_block_that_is_forgotten_tells_what_its_lines_say_themselves() -> None:
    file = Growing()
    file.learn(line(1), b"  at")
    for second in range(2, REMEMBERED + 2):
        file.learn(line(second))
    assert file.times(0, (line(1), b"  at")) == [time(1), MODIFIED]


def test_a_line_alone() -> None:
    file = Growing()
    assert file.stamping.alone(line(1), 0) == 0
    file.learn(line(1))
    assert (file.stamping.alone(line(2), 0), file.stamping.alone(b"  at", 0)) == (time(2), MODIFIED)


def test_times_without_a_year_are_read_by_the_time_of_writing() -> None:
    file = Growing()
    december = file.learn(b"Dec 31 23:59:59 host begun", modified=1_767_225_600 * SECOND)
    january = file.learn(b"Jan  1 23:00:00 host begun", modified=1_767_312_000 * SECOND)
    assert december == [1_767_225_599 * SECOND]
    assert january == [1_767_308_400 * SECOND]


@given(st.lists(st.booleans(), max_size=30), st.integers(0, 10), st.data())
def test_however_lines_are_cut_into_blocks_they_have_the_same_times(
    timed: list[bool], there: int, data: st.DataObject
) -> None:
    lines = [line(number) if one else b"  at %d" % number for number, one in enumerate([True, *timed])]
    expected: list[int] = []
    for number, one in enumerate([True, *timed]):
        expected.append(time(number) if one else expected[-1])
    at = 1 + min(there, len(lines) - 1)
    file, told = Growing(joined(lines[:at])), expected[:at]
    while at < len(lines):
        size = data.draw(st.integers(1, len(lines) - at))
        told += file.learn(*lines[at : at + size])
        at += size
    assert told == expected


def printed(second: int) -> list[bytes]:
    """The lines of an object that is printed over many lines."""
    return [b"{", b'  "level": "info",', b'  "time": %d,' % (START + second), b'  "n": 1', b"}"]


def test_object_that_is_read_in_parts_has_its_time_from_the_part_with_it_on() -> None:
    file = Growing()
    file.learn(*printed(1), *printed(2))
    assert file.learn(*printed(3)[:1]) == [time(2)]
    assert file.learn(*printed(3)[1:2]) == [time(2)]
    assert file.learn(*printed(3)[2:]) == [time(3)] * 3
    assert file.learn(*printed(4), *printed(5)[:2]) == [time(4)] * 7
    assert file.learn(*printed(5)[2:], *printed(6)) == [time(5)] * 3 + [time(6)] * 5


def test_object_without_a_time_that_is_read_in_parts_takes_none_from_the_next() -> None:
    file = Growing()
    file.learn(*printed(1), *printed(2))
    assert file.learn(b"{", b'  "n": 1') == [time(2)] * 2
    assert file.learn(b"}", *printed(3)) == [time(2), *[time(3)] * 5]
