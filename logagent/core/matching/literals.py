"""Conditions on literals: texts that must all occur in a line, or none of which may occur.

A literal is searched for byte by byte. If case is ignored, ASCII literals ignore the case of ASCII letters, and other
literals use Unicode's full case folding (Unicode Standard, section 3.13, default caseless matching).
"""

from __future__ import annotations

from logagent.core.matching import patterns, unions
from logagent.core.matching.conditions import Condition, ConditionInWindows, Scout
from logagent.core.matching.literal_places import LiteralPlaces
from logagent.core.matching.spans import Span, all_spans, spans_ending

FOLDING_SHRINKS = 3
"""The largest factor by which case folding shortens a text: U+212A, three bytes, becomes `k`."""
_LONGEST_LETTER = 4
"""Bytes of one code point in UTF-8, at most."""
_LONGEST_HEAD = 256
"""Bytes of a literal that the engine searches for; the rest is compared where these are found. The engine takes seconds
to compile some thousands, and no more than 4,000."""


def literal_conditions(wanted: set[bytes], unwanted: set[bytes], *, ignore_case: bool) -> list[Condition]:
    """Return the conditions for literals.

    Args:
        wanted: literals that must all occur.
        unwanted: literals none of which may occur.
        ignore_case: whether letters match in either case. In a literal that is not valid UTF-8, only ASCII letters do.
    """
    folding = {literal for literal in wanted | unwanted if ignore_case and needs_folding(literal)}
    kind = _LoweredLiterals if ignore_case else _Literals
    conditions = [
        kind(wanted - folding, unwanted - folding),
        _FoldedLiterals(wanted & folding, unwanted & folding),
    ]
    return [condition for condition in conditions if condition.wanted or condition.unwanted]


class _Literals:
    """Literals that are searched for in the unchanged bytes."""

    ignore_case = False

    def __init__(self, wanted: set[bytes], unwanted: set[bytes]) -> None:
        self.wanted = sorted(map(self.view, wanted), key=len, reverse=True)
        self.unwanted = sorted(map(self.view, unwanted))
        self._search: patterns.PatternSearch | None = None

    @property
    def finds(self) -> bool:
        return bool(self.wanted)

    @property
    def overlap(self) -> int:
        return max(map(len, self.wanted + self.unwanted)) - 1

    def view(self, text: bytes) -> bytes:
        """Return the form of a text in which the literals are searched for."""
        return text

    def allows(self, line: bytes) -> bool:
        view = self.view(line)
        return all(literal in view for literal in self.wanted) and not any(x in view for x in self.unwanted)

    def rules_out(self, text: bytes) -> bool:
        view = self.view(text) if self.wanted else b""
        return any(literal not in view for literal in self.wanted)

    def some_spans(self, block: bytes) -> list[Span] | None:
        if not self.wanted:
            return self._having(all_spans(block), block, [], self.unwanted)
        ends = self._search_for_rarest(block).some_line_ends(block)
        missing = self.wanted[1:] if len(self.wanted[0]) <= _LONGEST_HEAD else self.wanted
        if ends is None and not missing and not self.unwanted:
            return None
        spans = all_spans(block) if ends is None else spans_ending(ends, block)
        return self._having(spans, block, missing, self.unwanted)

    def among(self, spans: list[Span], block: bytes) -> list[Span]:
        return self._having(spans, block, self.wanted, self.unwanted)

    def _having(self, spans: list[Span], block: bytes, wanted: list[bytes], unwanted: list[bytes]) -> list[Span]:
        if not (wanted or unwanted):
            return spans
        view = self.view(block)
        for literal in wanted:
            spans = [(start, end) for start, end in spans if literal in view[start:end]]
        for literal in unwanted:
            spans = [(start, end) for start, end in spans if literal not in view[start:end]]
        return spans

    def inspect(self) -> ConditionInWindows:
        return _LiteralsInWindows(self)

    def scout(self) -> Scout | None:
        return self._search_for_head(self.wanted[0])

    def places(self, sample: bytes) -> LiteralPlaces | None:
        if len(self.wanted) != 1 or self.unwanted or len(self.wanted[0]) > _LONGEST_HEAD:
            return None
        return LiteralPlaces(self.wanted[0], sample, ignore_case=self.ignore_case)

    def _search_for_rarest(self, block: bytes) -> patterns.PatternSearch:
        """Return the search for the wanted literal that is rarest in the first block; among equals, the longest."""
        if self._search is None:
            if len(self.wanted) > 1:
                self.wanted.sort(key=self.view(block).count)
            self._search = self._search_for_head(self.wanted[0])
        return self._search

    def _search_for_head(self, literal: bytes) -> patterns.PatternSearch:
        return patterns.PatternSearch(patterns.literal(literal[:_LONGEST_HEAD], ignore_case=self.ignore_case))


class _LoweredLiterals(_Literals):
    """Literals that are searched for in lower case, which ignores the case of ASCII letters."""

    ignore_case = True

    def view(self, text: bytes) -> bytes:
        return text.lower()


class _FoldedLiterals(_Literals):
    """Literals with letters beyond ASCII, searched for in the case-folded text, whose length may differ."""

    @property
    def overlap(self) -> int:
        return super().overlap * FOLDING_SHRINKS + 2 * _LONGEST_LETTER

    def view(self, text: bytes) -> bytes:
        return text.decode("utf-8", "surrogateescape").casefold().encode("utf-8", "surrogateescape")

    def scout(self) -> Scout | None:
        return None  # folding is as slow as the search itself

    def places(self, sample: bytes) -> LiteralPlaces | None:
        return None

    def rules_out(self, text: bytes) -> bool:
        return bool(self.wanted) and not self._may_hold_all(text)

    def some_spans(self, block: bytes) -> list[Span] | None:
        return [] if self.rules_out(block) else self.among(all_spans(block), block)

    def among(self, spans: list[Span], block: bytes) -> list[Span]:
        return [(start, end) for start, end in spans if self.allows(block[start:end])]

    def _may_hold_all(self, block: bytes) -> bool:
        if block.isascii() and not all(map(bytes.isascii, self.wanted)):
            return False  # by far the most frequent case in logs, and a hundred times as fast as folding
        view = self.view(block)
        return all(literal in view for literal in self.wanted)


class AnyFolded(_FoldedLiterals):
    """Literals with letters beyond ASCII of which one must occur, or none; see `_FoldedLiterals`."""

    def __init__(self, literals: set[bytes], *, wanted: bool) -> None:
        super().__init__(literals, set())
        found = unions.union(tuple(sorted(self.wanted)), (), ignore_case=False)
        self._union = found  # kept as long as the condition is
        self._searches = [patterns.PatternSearch(pattern) for pattern in found.patterns]
        self._is_wanted = wanted

    @property
    def finds(self) -> bool:
        return self._is_wanted

    def allows(self, line: bytes) -> bool:
        return self.holds(line) is self._is_wanted

    def holds(self, text: bytes) -> bool:
        """Return whether one of the literals occurs."""
        if text.isascii() and not any(map(bytes.isascii, self.wanted)):
            return False
        view = self.view(text)
        return any(search.is_in(view) for search in self._searches)

    def rules_out(self, text: bytes) -> bool:
        return self._is_wanted and not self.holds(text)

    def inspect(self) -> ConditionInWindows:
        return _AnyFoldedInWindows(self)


class _AnyFoldedInWindows:
    """The test of one line in windows, each of which overlaps the one before it."""

    def __init__(self, literals: AnyFolded) -> None:
        self._literals = literals
        self._found = False

    def see(self, window: bytes, old: int) -> None:
        self._found = self._found or self._literals.holds(window)

    def end(self) -> bool:
        return self._found is self._literals.finds


class _LiteralsInWindows:
    """The test of one line in windows, each of which overlaps the one before it."""

    def __init__(self, literals: _Literals) -> None:
        self._literals = literals
        self._missing = set(literals.wanted)
        self._forbidden = False

    def see(self, window: bytes, old: int) -> None:
        view = self._literals.view(window)
        self._missing -= {literal for literal in self._missing if literal in view}
        self._forbidden = self._forbidden or any(literal in view for literal in self._literals.unwanted)

    def end(self) -> bool:
        return not self._forbidden and not self._missing


def needs_folding(literal: bytes) -> bool:
    """Return whether a literal has letters beyond ASCII, whose other case may take other bytes."""
    try:
        return not literal.decode("utf-8").isascii()
    except UnicodeDecodeError:
        return False
