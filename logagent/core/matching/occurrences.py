"""Where in a line expressions match: the leftmost match, the longest of those that begin there, and so on behind it.

Lines are found by `patterns`, which needs no beginnings of matches, and is much faster for that.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import hyperscan

from logagent.core.matching.expressions import BadPattern, read
from logagent.core.matching.spans import Span

_FLAGS = hyperscan.HS_FLAG_SOM_LEFTMOST | hyperscan.HS_FLAG_ALLOWEMPTY
_MOST_AGAIN = 100
"""Times that one line is searched again at most, so that no line takes long: see `_spans`."""
_LOOKS_BACK = (b"^", b"\\b", b"\\B")
"""What looks at the text before a match, and would take the place where a search begins for the beginning of a line."""
_IS_WORD = re.compile(rb"\w")


class Occurrences:
    """Finds all matches in a line.

    Args:
        expressions: as clients write them, one of which is to match.
        literals: texts, one of which is to occur.
        word: whether only what stands between no letters, digits and underscores counts.
        line: whether only whole lines count.

    Raises:
        BadPattern: for an expression whose matches cannot be found.
    """

    def __init__(
        self,
        expressions: Sequence[bytes] = (),
        literals: Sequence[bytes] = (),
        *,
        ignore_case: bool = False,
        word: bool = False,
        line: bool = False,
    ) -> None:
        texts = [read(each, ignore_case=ignore_case).text for each in expressions if each]
        texts += [b"".join(b"\\x%02x" % byte for byte in each) for each in literals if each]
        self._word, self._line = word, line
        self._again = not any(sign in text for text in texts for sign in _LOOKS_BACK)
        self._database = hyperscan.Database(mode=hyperscan.HS_MODE_BLOCK) if texts else None
        if self._database is None:
            return
        flags = _FLAGS | (hyperscan.HS_FLAG_CASELESS if ignore_case else 0)
        try:
            # Each by itself: thousands in one expression are too long, and take many times as long to compile.
            self._database.compile(expressions=texts, ids=range(len(texts)), flags=[flags] * len(texts))
        except hyperscan.error as error:
            raise BadPattern(f"what matches cannot be told apart from its line: {error}") from None

    def spans(self, line: bytes) -> list[Span]:
        """Return where matches begin and end, in their order; empty ones are left out.

        Args:
            line: without its line break.
        """
        spans: list[Span] = []
        reports, behind, again = self._reports(line, 0), 0, 0
        while (found := self._first(line, reports, behind)) is not None:
            spans.append(found)
            behind = found[1]
            # The engine tells one beginning for each end of an expression: the leftmost, maybe in what was taken.
            if self._again and again < _MOST_AGAIN and any(begin < behind < end for begin, end in reports):
                reports, again = self._reports(line, behind), again + 1
        return spans

    def _reports(self, line: bytes, begin: int) -> list[Span]:
        reports: list[Span] = []

        def note(_id: int, start: int, end: int, _flags: int, _context: object) -> None:
            reports.append((begin + start, begin + end))

        if self._database is not None:
            self._database.scan(line[begin:], match_event_handler=note)
        return reports

    def _first(self, line: bytes, reports: Sequence[Span], behind: int) -> Span | None:
        """Return the first match behind a place, the longest one that begins there."""
        found = [span for span in reports if span[0] >= behind and span[1] > span[0] and self._counts(line, *span)]
        return min(found, key=lambda span: (span[0], -span[1]), default=None)

    def _counts(self, line: bytes, begin: int, end: int) -> bool:
        if self._line:
            return begin == 0 and end == len(line)
        edges = line[max(begin - 1, 0) : begin], line[end : end + 1]
        return not self._word or not any(map(_IS_WORD.match, edges))
