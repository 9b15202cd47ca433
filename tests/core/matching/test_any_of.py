"""One of several conditions is enough, whichever way a line is looked at."""

from __future__ import annotations

from logagent.core.matching.any_of import AnyOf
from logagent.core.matching.literals import AnyFolded, literal_conditions

BLOCK = "ä\nb\nc\nÄB\n".encode()


def test_it_takes_what_one_of_its_parts_takes() -> None:
    either = AnyOf([*literal_conditions({b"b"}, set(), ignore_case=True), AnyFolded({"ä".encode()}, wanted=True)])
    spans = either.some_spans(BLOCK)
    assert spans is not None
    assert [BLOCK[start:end].decode() for start, end in spans] == ["ä", "b", "ÄB"]
    assert either.among(spans[1:], BLOCK) == spans[1:]
    assert [either.allows(line) for line in BLOCK.splitlines()] == [True, True, False, True]
    assert [either.rules_out(text) for text in (b"c", BLOCK)] == [True, False]
    assert either.scout() is None  # folding is as slow as searching


def test_all_lines_are_all_lines_of_one_part() -> None:
    parts = [part for text in (b"x", b"y") for part in literal_conditions({text}, set(), ignore_case=False)]
    for _ in range(3):
        assert AnyOf(parts).some_spans(b"x\nx\n") in (None, [(0, 1), (2, 3)])
