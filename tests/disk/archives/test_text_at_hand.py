"""The text that can be read again without decompressing it: the trail of a pass, and what a reader holds."""

from __future__ import annotations

from logagent.disk.archives.block_builder import ChunkedText, StreamedLine
from logagent.disk.archives.kept_blocks import KeptStretch
from logagent.disk.archives.text_at_hand import TRAIL, TextAtHand
from logagent.disk.files.blocks import Block


def kept(offset: int, text: bytes) -> KeptStretch:
    return KeptStretch(Block(offset, text), text, 1, 1, 0)


def test_blocks_of_the_trail_are_read_together() -> None:
    at_hand = TextAtHand()
    at_hand.add(Block(10, b"one\n"))
    at_hand.add(Block(14, b"two\n"))
    assert (at_hand.read(10, 18), at_hand.read(12, 16), at_hand.read(17, 30)) == (b"one\ntwo\n", b"e\ntw", b"\n")
    assert at_hand.read(9, 12) == b""
    assert (at_hand.before(18), at_hand.before(14)) == ((10, b"one\ntwo\n"), (10, b"one\n"))
    assert at_hand.before(10) == (10, b"")


def test_the_trail_is_bounded() -> None:
    at_hand, half = TextAtHand(), b"x" * (TRAIL // 2)
    for number in range(5):
        at_hand.add(Block(number * len(half), half))
    begin, text = at_hand.before(5 * len(half))
    assert (begin, len(text)) == (2 * len(half), TRAIL + len(half))


def test_what_is_before_a_block_longer_than_the_trail_stays() -> None:
    at_hand = TextAtHand()
    at_hand.add(Block(0, b"2026-11-27T02:26:25Z one\n"))
    at_hand.add(Block(25, b"x" * 2 * TRAIL + b"\n"))
    assert at_hand.before(25) == (0, b"2026-11-27T02:26:25Z one\n")


def test_text_is_read_up_to_a_gap() -> None:
    at_hand = TextAtHand()
    at_hand.add(Block(0, b"one\n"))
    at_hand.add(Block(8, b"three\n"))
    assert at_hand.read(0, 14) == b"one\n"
    assert at_hand.before(14) == (8, b"three\n")


def test_kept_and_given_stretches_and_a_long_line_are_at_hand() -> None:
    at_hand = TextAtHand()
    at_hand.kept.append(kept(0, b"one\n"))
    at_hand.given = kept(4, b"two\n")
    at_hand.line = StreamedLine(8, b"three", ChunkedText(iter(())), 10)
    assert (at_hand.read(0, 13), at_hand.before(8)) == (b"one\ntwo\nthree", (0, b"one\ntwo\n"))


def test_a_new_pass_forgets_all_but_what_is_kept() -> None:
    at_hand = TextAtHand()
    at_hand.kept.append(kept(0, b"one\n"))
    at_hand.given = kept(4, b"two\n")
    at_hand.add(Block(8, b"three\n"))
    at_hand.begin_pass()
    assert (at_hand.read(0, 14), at_hand.read(4, 14), at_hand.read(8, 14)) == (b"one\n", b"", b"")


def test_text_that_is_passed_over_is_at_hand_from_its_first_whole_line_on() -> None:
    at_hand = TextAtHand()
    at_hand.replace_trail(b"ne\ntwo\nthr", 20)
    assert at_hand.before(20) == (13, b"two\nthr")
    at_hand.replace_trail(b"one\ntwo\n", 8)
    assert at_hand.before(8) == (0, b"one\ntwo\n")
