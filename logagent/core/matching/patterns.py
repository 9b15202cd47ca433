r"""Patterns: expressions and literals compiled for Hyperscan, and the search for them.

Hyperscan takes time linear in the bytes, whatever the pattern. Only this module uses the library
(https://intel.github.io/hyperscan/dev-reference/, here its fork Vectorscan). It calls back at every offset where a
match ends, which for `\d+` would be a call for each digit. So an expression X is compiled as `(?:X)[^\n]*$`: one call
for each matching line, with the offset of its line break.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import cached_property, lru_cache

import hyperscan

from logagent.core.matching.expressions import BadPattern, Expression, read
from logagent.core.matching.spans import all_spans

CACHED = 128
"""Patterns in the cache, compiled or known to be bad: tens of kilobytes each, half a megabyte at most."""
_MOST_CALLS = 4
"""Calls back at most for each `_SHORT_LINE` bytes of a block; beyond that, it is searched line by line. Only an X with
`$`, or one of many, can exceed it: it is compiled unchanged, and may end at many offsets of a line."""
_SHORT_LINE = 32
"""Bytes of a short line, for `_MOST_CALLS`."""
_FEW = 64
"""Expressions of one pattern that are compiled with the rest of the line behind them: with more, that takes too long,
and as their matches are rare as a rule, it saves little."""
_LONG_LINE = 256
"""If a block has more bytes than this for each hit, it is not worth counting whether all its lines match."""
_DENSE = 2
"""Consecutive blocks in which all lines matched, after which the next block is first tested for that."""
_ONE_BYTE = re.compile(rb"(?:\[(?:\^\\n)?[^\\\]]+\]|\\?[^$^])[+*]?", re.DOTALL)
"""Expressions that a single byte can match: often all lines match them, and the engine tests that fast."""

_FLAGS = hyperscan.HS_FLAG_MULTILINE | hyperscan.HS_FLAG_ALLOWEMPTY
"""Flags of every pattern: `^` and `$` match at each line break, and an empty match counts."""
_PLACE = re.compile(r" (starting |started )?at index \d+|, index \d+| \(id:\d+\)")
"""The offset of an error in the compiler's message: dropped, since it refers to the rewritten text, not the
client's."""


class Pattern:
    """A compiled pattern, for any number of threads, each with a `PatternSearch` of its own.

    Compiling lets other threads run.

    Args:
        expressions: rewritten for the engine; the pattern matches where one of them does.
        ignore_case: whether ASCII letters match in either case.
        across: whether it is for texts of several lines, which are only searched as a whole.

    Attributes:
        crosses: whether a match in a block of lines may hold a line break.
        alone: database for one line, or one text of several lines.
        lines: database for a block of lines; reports where matches end.
        once_a_line: whether `lines` reports one end for each matching line, at its line break.

    Raises:
        BadPattern: for an expression that the engine does not support or cannot parse.
    """

    def __init__(self, *expressions: Expression, ignore_case: bool, across: bool = False) -> None:
        self._flags = _FLAGS | (hyperscan.HS_FLAG_CASELESS if ignore_case else 0)
        self._flags |= hyperscan.HS_FLAG_DOTALL if across else 0
        self._texts = [expression.text for expression in expressions]
        self.crosses = any(expression.crosses for expression in expressions)
        self.alone = _compile(self._texts, self._flags | hyperscan.HS_FLAG_SINGLEMATCH)
        self.once_a_line = len(expressions) == 1 and not expressions[0].ends
        extends = len(expressions) <= _FEW
        by_line = [_to_the_end_of_the_line(each) if extends else each.text for each in expressions]
        self.lines = self.alone if across else _compile(by_line, self._flags)

    @cached_property
    def whole(self) -> hyperscan.Database | None:
        """The database that matches a block, with one call back, if all its lines match and have a line break.

        None where `lines` is as fast.
        """
        text = self._texts[0]
        if self.crosses or len(self._texts) > 1 or not _ONE_BYTE.fullmatch(text):
            return None
        every_line = rb"\A(?:[^\n]*(?:" + text + rb")[^\n]*\n)*\z"
        return _compile([every_line], self._flags | hyperscan.HS_FLAG_SINGLEMATCH)

    def streaming(self) -> hyperscan.Database:
        """Compile the database for texts that come in pieces.

        Raises:
            BadPattern: when that cannot be compiled.
        """
        return _compile(self._texts, self._flags | hyperscan.HS_FLAG_SINGLEMATCH, hyperscan.HS_MODE_STREAM)


def compiled(pattern: bytes, *, ignore_case: bool, across: bool = False) -> Pattern:
    """Return the pattern of a regular expression, from the cache or compiled now.

    Args:
        pattern: the expression as the client wrote it.
        ignore_case: whether letters match in either case.
        across: whether it is for texts of several lines; only `PatternSearch.is_in` works then.

    Raises:
        BadPattern: for an expression that cannot be searched for. This is cached, too.
    """
    made = _compiled(pattern, ignore_case, across)
    if isinstance(made, str):
        raise BadPattern(made)
    return made


@lru_cache(CACHED)
def _compiled(pattern: bytes, ignore_case: bool, across: bool = False) -> Pattern | str:
    try:
        expression = read(pattern, ignore_case=ignore_case, across=across)
        return Pattern(expression, ignore_case=ignore_case, across=across)
    except BadPattern as error:
        return str(error)


@lru_cache(CACHED)
def literal(text: bytes, *, ignore_case: bool) -> Pattern:
    """Return the pattern of a literal, from the cache or compiled now.

    Args:
        text: the literal, without a line break.
        ignore_case: whether ASCII letters match in either case.
    """
    return Pattern(literal_expression(text), ignore_case=ignore_case)


def literal_expression(text: bytes) -> Expression:
    """Return the expression that matches a literal, which has no line break."""
    escaped = b"".join(b"\\x%02x" % byte for byte in text)
    return Expression(escaped, crosses=False, ends=False, positions=len(text))


class PatternSearch:
    """Searches for one pattern; for one thread at a time.

    Args:
        pattern: may be shared with other searches.
    """

    def __init__(self, pattern: Pattern) -> None:
        self._pattern = pattern
        self._scratches = {id(database): database.scratch.clone() for database in (pattern.alone, pattern.lines)}
        self._streaming: hyperscan.Database | None = None
        self._hits: list[int] = []
        self._most_hits = 0
        self._line_by_line = False
        self._dense = 0
        append = self._hits.append

        def note(_id: int, _start: int, end: int, _flags: int, _context: object) -> None:
            append(end)

        self._note = note  # a closure rather than a method, since it is called for every hit

    def line_ends(self, block: bytes) -> list[int]:
        """Return where the matching lines of a block end, ascending; the last line break may be missing."""
        if self._line_by_line:
            return [end for start, end in all_spans(block) if self.is_in(block[start:end])]
        ends = self._ends_of_lines(block)
        if ends is None:
            self._line_by_line = True
            return self.line_ends(block)
        if self._pattern.crosses:
            return [end for end in ends if self.is_in(block[block.rfind(b"\n", 0, end) + 1 : end])]
        return ends

    def is_in(self, line: bytes) -> bool:
        """Return whether one line matches, given without its line break."""
        self._hits.clear()
        self._scan(self._pattern.alone, line, self._note)
        return bool(self._hits)

    def some_line_ends(self, block: bytes) -> list[int] | None:
        """Return where the matching lines of a block end; None if all lines match, which is often faster to find."""
        if self._dense >= _DENSE and self._is_in_all(block):
            return None
        ends = self.line_ends(block)
        dense = len(ends) * _LONG_LINE > len(block) and len(ends) == block.count(b"\n") + (not block.endswith(b"\n"))
        self._dense = self._dense + 1 if dense else 0
        return None if dense else ends

    def _is_in_all(self, block: bytes) -> bool:
        whole = self._pattern.whole
        if whole is None:
            return False
        if id(whole) not in self._scratches:
            self._scratches[id(whole)] = whole.scratch.clone()
        self._hits.clear()
        self._scan(whole, block, self._note)
        return bool(self._hits)

    def may_hold(self, block: bytes) -> bool:
        """Return whether any line of a block may match; a line that is cut at an end of the block may count or not."""
        try:
            self._scan(self._pattern.lines, block, _stop)  # often faster than `alone`, and never slower as measured
        except hyperscan.ScanTerminated:
            return True
        return False

    def stream(self) -> PatternStream:
        """Begin the search of one line that comes in pieces; the stream before it must have been ended.

        Raises:
            BadPattern: when the pattern cannot be compiled for streams.
        """
        if self._streaming is None:
            self._streaming = self._pattern.streaming()
        return PatternStream(self._streaming)

    def _ends_of_lines(self, block: bytes) -> list[int] | None:
        """Return where matching lines end, or candidates for them if the pattern crosses lines; None: too many hits."""
        self._hits.clear()
        if self._pattern.once_a_line:
            self._scan(self._pattern.lines, block, self._note)
            hits = sorted(self._hits)  # the engine does not promise their order
        else:
            self._most_hits = _MOST_CALLS * (len(block) // _SHORT_LINE + 1)
            try:
                self._scan(self._pattern.lines, block, self._note_some)
            except hyperscan.ScanTerminated:
                return None
            hits = _ends_behind(sorted(self._hits), block)
        if hits and hits[-1] == len(block) and block[-1:] in (b"", b"\n"):
            hits.pop()  # the empty text after the last line break is not a line
        return hits

    def _scan(self, database: hyperscan.Database, text: bytes, note: Callable[..., bool | None]) -> None:
        database.scan(text, note, 0, None, self._scratches[id(database)])

    def _note_some(self, _id: int, _start: int, end: int, _flags: int, _context: object) -> bool:
        self._hits.append(end)
        return len(self._hits) > self._most_hits


class PatternStream:
    """The search of one long line; the caller must call `end`, which frees its memory.

    Args:
        database: the pattern, compiled for streams.
    """

    def __init__(self, database: hyperscan.Database) -> None:
        self._found = False
        self._note = self._on_match  # referenced here, since the library holds no reference to it
        self._stream = database.stream(match_event_handler=self._note)
        self._stream.__enter__()

    def see(self, piece: bytes) -> None:
        """Search the next piece of the line."""
        if not self._found:
            self._stream.scan(piece)

    def end(self) -> bool:
        """End the line, free the memory, and return whether the line matches."""
        self._stream.close()
        return self._found

    def _on_match(self, *_place: object) -> None:
        self._found = True


def _to_the_end_of_the_line(expression: Expression) -> bytes:
    """Return the text that ends at a line's end wherever the expression matches; one with `$` stays as it is."""
    return expression.text if expression.ends else b"(?:" + expression.text + b")[^\\n]*$"


def _compile(texts: Sequence[bytes], flags: int, mode: int = hyperscan.HS_MODE_BLOCK) -> hyperscan.Database:
    database = hyperscan.Database(mode=mode)
    try:
        database.compile(expressions=texts, flags=[flags] * len(texts))
    except hyperscan.error as error:
        raise BadPattern(_PLACE.sub("", str(error)).rstrip(".")) from None
    return database


def _stop(*_place: object) -> bool:
    return True


def _ends_behind(hits: list[int], block: bytes) -> list[int]:
    """Return the ends of the lines in which hits lie, each once."""
    ends: list[int] = []
    end = -1
    for hit in hits:
        if hit > end:
            end = block.find(b"\n", hit)
            if end < 0:
                end = len(block)
            ends.append(end)
    return ends
