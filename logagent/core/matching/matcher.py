"""Matching: which lines of a block hold all that is wanted and nothing that is unwanted, literals and expressions.

A block is searched whole and lines are cut out only round the hits: several times as fast as splitting first, as long
as few lines match. Time is linear in the bytes searched, whatever they and the patterns hold.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import accumulate
from typing import Protocol

from logagent.core.batch import lines_of
from logagent.core.matching import patterns
from logagent.core.matching.expressions import BadPattern
from logagent.core.outcome import Failure, Status
from logagent.core.query import BadParameter, Query, Unit

Span = tuple[int, int]
"""Where a line begins in its block, and where it ends: before its line break."""

_MANY = 256
"""Lines of a block that are tried one by one at most (0.5 µs each); with more, the block is searched whole again."""
_FOLDING_SHRINKS = 3
"""Case folding makes a text shorter by this factor at most: U+212A, three bytes, becomes `k`."""
_LONGEST_LETTER = 4
"""Bytes of one code point in UTF-8, at most."""


def check(query: Query) -> None:
    """Compile the query's expressions, so that whoever answers it finds them made. May take a second: not for the event
    loop. Raises `BadParameter` for one that cannot be searched for."""
    across = query.form.unit is Unit.EVENT
    for name, expressions in (("regex", query.match.regex), ("exclude_regex", query.match.exclude_regex)):
        for expression in expressions:
            try:
                patterns.compiled(expression, ignore_case=query.match.ignore_case, across=across)
            except BadPattern as error:
                raise BadParameter(name, str(error)) from None


class Matcher:
    """Tells matching lines from others, by bytes.

    keywords: literals that must all occur in a line. exclude: literals of which none may. None is empty or holds a line
    break. With `ignore_case` an ASCII letter matches either case of it; a literal with other letters, in valid UTF-8,
    is compared by Unicode's full case folding (Unicode Standard, section 3.13, default caseless matching).
    regex, exclude_regex: expressions that must all match somewhere in a line, or must not (see `expressions`).

    across: whether it is for texts of several lines, events: `matches` and `rules_out` alone may then be asked.

    everything: whether every line matches. overlap: how many bytes a window of a long line must have in common with the
    window before it (see `Inspection`).

    A matcher serves one query, and one thread at a time. Raises `Failure` for an expression that cannot be searched for
    here, though whoever was asked first could.
    """

    def __init__(
        self,
        keywords: Iterable[bytes] = (),
        exclude: Iterable[bytes] = (),
        ignore_case: bool = False,
        *,
        regex: Iterable[bytes] = (),
        exclude_regex: Iterable[bytes] = (),
        across: bool = False,
    ) -> None:
        wanted, unwanted = set(keywords), set(exclude)
        folding = {literal for literal in wanted | unwanted if ignore_case and _needs_folding(literal)}
        plain = _Lowered if ignore_case else _Literals
        tests: list[_Test] = [
            plain(wanted - folding, unwanted - folding),
            _Folded(wanted & folding, unwanted & folding),
            *(_Expression(_compiled(one, ignore_case, across), wanted=True) for one in dict.fromkeys(regex)),
            *(_Expression(_compiled(one, ignore_case, across), wanted=False) for one in dict.fromkeys(exclude_regex)),
        ]
        self._tests = sorted((test for test in tests if test.needed), key=lambda test: not test.finds)
        self.everything = not self._tests
        self.overlap = max((test.overlap for test in self._tests), default=0)

    @classmethod
    def of(cls, query: Query) -> Matcher:
        """What tells the lines, or events, that a query asks for."""
        return cls(
            query.match.keywords,
            query.match.exclude,
            query.match.ignore_case,
            regex=query.match.regex,
            exclude_regex=query.match.exclude_regex,
            across=query.form.unit is Unit.EVENT,
        )

    def spans(self, block: bytes) -> list[Span]:
        """The matching lines of a block of whole lines, in its order; the last line break may be missing."""
        some = self.some_spans(block)
        return _all_lines(block) if some is None else some

    def some_spans(self, block: bytes) -> list[Span] | None:
        """`spans`, or None if all lines are seen to match: then it is faster to split the block."""
        if self.everything:
            return None
        first, *others = self._tests
        some = first.some_spans(block)
        if some is None and not others:
            return None
        spans = _all_lines(block) if some is None else some
        for test in others:
            spans = test.among(spans, block)
        return spans

    def scout(self) -> Scout | None:
        """What tells fast that a block holds no match, for a thread of its own; None if nothing does."""
        return next((scout for test in self._tests if test.finds and (scout := test.scout()) is not None), None)

    def matches(self, line: bytes) -> bool:
        """Whether one line matches, given without its line break."""
        return all(test.allows(line) for test in self._tests)

    def rules_out(self, text: bytes) -> bool:
        """Whether no part of a text can match, found out quickly: a wanted literal does not occur in it."""
        return any(test.rules_out(text) for test in self._tests)

    def inspect(self) -> Inspection:
        """Begin the test of one line that is too long to be held in memory. It must be ended."""
        return Inspection(self._tests, self.overlap)


class Inspection:
    """The test of one long line in windows: each but the first begins with the last `Matcher.overlap` bytes of the one
    before it, so that no literal is missed where they meet."""

    def __init__(self, tests: list[_Test], overlap: int) -> None:
        self._tests = [test.inspect() for test in tests]
        self._overlap = overlap
        self._seen = 0

    def see(self, window: bytes) -> None:
        """Take the next window of the line into account."""
        old = min(self._overlap, self._seen)
        for test in self._tests:
            test.see(window, old)
        self._seen += len(window) - old

    def end(self) -> bool:
        """Whether the line matches, as far as it was seen."""
        verdicts = [test.end() for test in self._tests]  # of all of them, since each gives memory back
        return all(verdicts)


class Scout(Protocol):
    """Looks whether a block needs to be looked at."""

    def may_hold(self, block: bytes) -> bool:
        """Whether a line that is whole in this block may match: if not, none does."""
        ...


class _Test(Protocol):
    """A condition on lines. needed: whether it says anything. finds: whether it finds lines rather than drops them."""

    @property
    def needed(self) -> bool: ...

    @property
    def finds(self) -> bool: ...

    @property
    def overlap(self) -> int: ...

    def some_spans(self, block: bytes) -> list[Span] | None: ...

    def among(self, spans: list[Span], block: bytes) -> list[Span]: ...

    def allows(self, line: bytes) -> bool: ...

    def rules_out(self, text: bytes) -> bool: ...

    def inspect(self) -> _TestOfWindows: ...

    def scout(self) -> Scout | None: ...


class _TestOfWindows(Protocol):
    """The same condition on one line in windows, of whose bytes the first `old` were in the window before."""

    def see(self, window: bytes, old: int) -> None: ...

    def end(self) -> bool: ...


class _Expression:
    """A regular expression that must match, or must not."""

    overlap = 0
    needed = True

    def __init__(self, pattern: patterns.Pattern, *, wanted: bool) -> None:
        self.finds = wanted
        self._pattern = pattern
        self._search = patterns.Search(pattern)

    def some_spans(self, block: bytes) -> list[Span] | None:
        ends = self._search.some_line_ends(block)
        if self.finds:
            return None if ends is None else _lines_ending(ends, block)
        if ends is None:
            return []
        unwanted = set(ends)
        return [span for span in _all_lines(block) if span[1] not in unwanted]

    def among(self, spans: list[Span], block: bytes) -> list[Span]:
        if len(spans) <= _MANY:
            return [(start, end) for start, end in spans if self.allows(block[start:end])]
        ends = set(self._search.line_ends(block))
        return [span for span in spans if (span[1] in ends) is self.finds]

    def allows(self, line: bytes) -> bool:
        return self._search.is_in(line) is self.finds

    def scout(self) -> Scout | None:
        return patterns.Search(self._pattern)

    def rules_out(self, text: bytes) -> bool:
        return False  # to find out takes as long as to search

    def inspect(self) -> _ExpressionInWindows:
        try:
            return _ExpressionInWindows(self._search.stream(), self.finds)
        except BadPattern as error:
            raise Failure(Status.RESOURCE_EXHAUSTED, f"a line is too long for a pattern: {error}") from None


class _ExpressionInWindows:
    def __init__(self, stream: patterns.Stream, wanted: bool) -> None:
        self._stream = stream
        self._wanted = wanted

    def see(self, window: bytes, old: int) -> None:
        self._stream.see(window[old:])

    def end(self) -> bool:
        return self._stream.end() is self._wanted


class _Literals:
    """Literals that are looked for in the bytes as they are."""

    ignore_case = False

    def __init__(self, wanted: set[bytes], unwanted: set[bytes]) -> None:
        self.wanted = sorted(map(self.view, wanted), key=len, reverse=True)
        self.unwanted = sorted(map(self.view, unwanted))
        self._search: patterns.Search | None = None

    @property
    def needed(self) -> bool:
        return bool(self.wanted or self.unwanted)

    @property
    def finds(self) -> bool:
        return bool(self.wanted)

    @property
    def overlap(self) -> int:
        return max(map(len, self.wanted + self.unwanted)) - 1

    def view(self, text: bytes) -> bytes:
        """The text in which the literals are looked for."""
        return text

    def allows(self, line: bytes) -> bool:
        view = self.view(line)
        return all(literal in view for literal in self.wanted) and not any(x in view for x in self.unwanted)

    def rules_out(self, text: bytes) -> bool:
        view = self.view(text) if self.wanted else b""
        return any(literal not in view for literal in self.wanted)

    def some_spans(self, block: bytes) -> list[Span] | None:
        if not self.wanted:
            return self._having(_all_lines(block), block, [], self.unwanted)
        ends = self._search_for_rarest(block).some_line_ends(block)
        if ends is None and len(self.wanted) == 1 and not self.unwanted:
            return None
        spans = _all_lines(block) if ends is None else _lines_ending(ends, block)
        return self._having(spans, block, self.wanted[1:], self.unwanted)

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

    def inspect(self) -> _LiteralsInWindows:
        return _LiteralsInWindows(self)

    def scout(self) -> Scout | None:
        return patterns.Search(patterns.literal(self.wanted[0], ignore_case=self.ignore_case))

    def _search_for_rarest(self, block: bytes) -> patterns.Search:
        """For the wanted literal that is rarest in the first block seen, the longest of several such."""
        if self._search is None:
            if len(self.wanted) > 1:
                self.wanted.sort(key=self.view(block).count)
            self._search = patterns.Search(patterns.literal(self.wanted[0], ignore_case=self.ignore_case))
        return self._search


class _Lowered(_Literals):
    """Literals that are looked for without regard to the case of ASCII letters."""

    ignore_case = True

    def view(self, text: bytes) -> bytes:
        return text.lower()


class _Folded(_Literals):
    """Literals with letters beyond ASCII, looked for in the case-folded bytes, whose length may differ."""

    @property
    def overlap(self) -> int:
        return super().overlap * _FOLDING_SHRINKS + 2 * _LONGEST_LETTER

    def view(self, text: bytes) -> bytes:
        return text.decode("utf-8", "surrogateescape").casefold().encode("utf-8", "surrogateescape")

    def scout(self) -> Scout | None:
        return None  # folding is as slow as the rest

    def rules_out(self, text: bytes) -> bool:
        return bool(self.wanted) and not self._may_hold_all(text)

    def some_spans(self, block: bytes) -> list[Span] | None:
        return [] if self.rules_out(block) else self.among(_all_lines(block), block)

    def among(self, spans: list[Span], block: bytes) -> list[Span]:
        return [(start, end) for start, end in spans if self.allows(block[start:end])]

    def _may_hold_all(self, block: bytes) -> bool:
        if block.isascii() and not all(map(bytes.isascii, self.wanted)):
            return False  # by far the most frequent case in logs, and a hundred times as fast as folding
        view = self.view(block)
        return all(literal in view for literal in self.wanted)


class _LiteralsInWindows:
    def __init__(self, test: _Literals) -> None:
        self._test = test
        self._missing = set(test.wanted)
        self._forbidden = False

    def see(self, window: bytes, old: int) -> None:
        view = self._test.view(window)
        self._missing -= {literal for literal in self._missing if literal in view}
        self._forbidden = self._forbidden or any(literal in view for literal in self._test.unwanted)

    def end(self) -> bool:
        return not self._forbidden and not self._missing


def _compiled(expression: bytes, ignore_case: bool, across: bool) -> patterns.Pattern:
    try:
        return patterns.compiled(expression, ignore_case=ignore_case, across=across)
    except BadPattern as error:
        raise Failure(Status.INTERNAL, f"an expression cannot be searched for here: {error}") from None


def _needs_folding(literal: bytes) -> bool:
    try:
        return not literal.decode("utf-8").isascii()
    except UnicodeDecodeError:
        return False


def _lines_ending(ends: list[int], block: bytes) -> list[Span]:
    spans: list[Span] = []
    rfind, last = block.rfind, 0
    for end in ends:
        spans.append((rfind(b"\n", last, end) + 1, end))
        last = end
    return spans


def _all_lines(block: bytes) -> list[Span]:
    lines = lines_of(block)
    starts = accumulate([len(line) + 1 for line in lines], initial=0)
    return [(start, start + len(line)) for start, line in zip(starts, lines, strict=False)]
