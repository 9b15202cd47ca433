"""What a batch tells of its lines."""

from __future__ import annotations

from dataclasses import replace

from logagent.core.batch import Batch, LineFlag, Origin, lines_of, shown, starts_of


def test_part_of_a_line_has_no_line_break() -> None:
    batch = Batch(b"one\nhal\n", 2, flags=bytes([0, LineFlag.PARTIAL]))
    assert [batch.line_break(0), batch.line_break(1), replace(batch, flags=None).line_break(1)] == [1, 0, 1]


def test_lines_beside_a_record_are_none() -> None:
    flags = bytes(
        [
            0,
            LineFlag.CONTINUES,
            LineFlag.GAP,
            LineFlag.LEADS,
            LineFlag.TRAILS,
            LineFlag.LEADS | LineFlag.GAP,
            LineFlag.TRAILS | LineFlag.GAP,
        ]
    )
    assert Batch(b"x\n" * 7, 7, flags=flags).records == 2
    assert Batch(b"x\n" * 7, 7).records == 7


def test_a_further_line_of_an_event_continues_its_record() -> None:
    batch = Batch(b"x\n y\n", 2, flags=bytes([0, LineFlag.CONTINUES | LineFlag.GAP]))
    assert [batch.continues_record(0), batch.continues_record(1)] == [False, True]
    assert not replace(batch, flags=None).continues_record(1)


def test_the_offset_behind_a_line_counts_its_line_break_if_it_has_one() -> None:
    batch = Batch(b"one\nhal\n", 2, offsets=[10, 14], flags=bytes([0, LineFlag.PARTIAL]))
    assert (batch.offset_behind(0, b"one"), batch.offset_behind(1, b"hal")) == (14, 17)


def test_each_line_has_an_origin_also_where_all_have_the_same() -> None:
    assert [*Batch(b"x\ny\n", 2).origin_of_each()] == [0, 0]
    assert [*Batch(b"x\ny\n", 2, origin=[1, 0]).origin_of_each()] == [1, 0]


def test_a_text_may_lack_its_last_line_break() -> None:
    assert lines_of(b"one\n\ntwo") == lines_of(b"one\n\ntwo\n") == [b"one", b"", b"two"]
    assert lines_of(b"") == []


def test_lines_begin_behind_the_line_break_before_them() -> None:
    assert starts_of(100, [b"one", b"", b"two"]) == [100, 104, 105]
    assert starts_of(100, []) == []


def test_a_log_without_a_name_goes_by_that_of_its_file() -> None:
    assert Origin("db", "a.log.1", log="a.log").log_id == ("db", "a.log")
    assert Origin("db", "a.log").log_id == ("db", "a.log")


def test_a_name_that_is_not_utf_8_is_shown_with_its_bytes_escaped() -> None:
    assert shown("caf\udce9 ü") == "caf\\xe9 ü"
