"""The matcher: finds the lines of a block that hold all wanted and no unwanted literals and expressions.

A block is searched whole, and lines are cut out only around hits: several times as fast as splitting it first, as long
as few lines match. Time is linear in the bytes searched, whatever the text and the patterns are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from logagent.core.matching.combining import Ways, is_many
from logagent.core.matching.conditions import Condition, Scout
from logagent.core.matching.expressions import BadPattern
from logagent.core.matching.literal_places import LiteralPlaces
from logagent.core.matching.spans import Span, all_spans
from logagent.core.matching.unions import TookTooLong
from logagent.core.query import BadParameter, Query, Unit


def check(query: Query, is_late: Callable[[], bool]) -> None:
    """Compile the query's expressions into the cache, to find errors before the query is answered.

    This may take seconds: never call it on the event loop.

    Args:
        is_late: tells between the parts that are compiled whether they take too long.

    Raises:
        BadParameter: for an expression that cannot be searched for, or for too many.
    """
    match = query.match
    how = Ways(match.ignore_case, query.form.unit is Unit.EVENT)
    for name, literals, expressions, together in (
        ("regex", match.keywords, match.regex, match.any),
        ("exclude_regex", match.exclude, match.exclude_regex, is_many(match.exclude, match.exclude_regex)),
    ):
        try:
            how.compile(literals, expressions, together=together, is_late=is_late)
        except BadPattern as error:
            raise BadParameter(name, str(error)) from None
        except TookTooLong:
            raise BadParameter(name, "takes too long to compile; give fewer or smaller expressions") from None


class Matcher:
    """Tells matching lines from others, by bytes.

    It serves one query, and one thread at a time.

    Args:
        keywords: literals that must all occur in a line. Each literal has at least one byte, and no line break.
        exclude: literals none of which may occur.
        ignore_case: whether letters match in either case (see `literals`).
        regex: expressions that must all match somewhere in a line.
        exclude_regex: expressions that must not match anywhere.
        one_of: whether it is enough that one of the keywords occurs, or one of the expressions matches.
        across: whether it is for events, texts of several lines; only `matches` and `rules_out` work then.

    Attributes:
        everything: whether every line matches.
        overlap: bytes that each window of a long line must share with the window before it (see `Inspection`).

    Raises:
        Failure: for an expression that this agent cannot search for, although the primary accepted it.
    """

    def __init__(
        self,
        keywords: Iterable[bytes] = (),
        exclude: Iterable[bytes] = (),
        ignore_case: bool = False,
        *,
        regex: Iterable[bytes] = (),
        exclude_regex: Iterable[bytes] = (),
        one_of: bool = False,
        across: bool = False,
    ) -> None:
        how = Ways(ignore_case, across)
        conditions = [
            *(how.any_of if one_of else how.all_of)(tuple(keywords), tuple(regex)),
            *how.none_of(tuple(exclude), tuple(exclude_regex)),
        ]
        self._conditions = sorted(conditions, key=lambda condition: not condition.finds)
        self.everything = not self._conditions
        self.overlap = max((condition.overlap for condition in self._conditions), default=0)

    @classmethod
    def of(cls, query: Query) -> Matcher:
        """Return the matcher for the lines, or events, that a query asks for.

        Raises:
            Failure: for an expression that cannot be searched for here.
        """
        return cls(
            query.match.keywords,
            query.match.exclude,
            query.match.ignore_case,
            regex=query.match.regex,
            exclude_regex=query.match.exclude_regex,
            one_of=query.match.any,
            across=query.form.unit is Unit.EVENT,
        )

    def spans(self, block: bytes) -> list[Span]:
        """Return the matching lines of a block of whole lines, in its order; the last line break may be missing."""
        some = self.some_spans(block)
        return all_spans(block) if some is None else some

    def some_spans(self, block: bytes) -> list[Span] | None:
        """Return the matching lines of a block; None if all match and this was found without splitting the block.

        Args:
            block: whole lines; the last line break may be missing.
        """
        if self.everything:
            return None
        first, *others = self._conditions
        some = first.some_spans(block)
        if some is None and not others:
            return None
        spans = all_spans(block) if some is None else some
        for condition in others:
            spans = condition.among(spans, block)
        return spans

    def scout(self) -> Scout | None:
        """Return a scout for another thread, which quickly skips blocks without a match; None if there is none."""
        return next((scout for each in self._conditions if each.finds and (scout := each.scout()) is not None), None)

    def places(self, sample: bytes) -> LiteralPlaces | None:
        """Return what finds the places where lines match; None if they match by more than one literal.

        Args:
            sample: a text like those that are searched.
        """
        return self._conditions[0].places(sample) if len(self._conditions) == 1 else None

    def matches(self, line: bytes) -> bool:
        """Return whether one line matches, given without its line break."""
        return all(condition.allows(line) for condition in self._conditions)

    def rules_out(self, text: bytes) -> bool:
        """Return true if a quick check shows that no part of a text matches, since it lacks a wanted literal."""
        return any(condition.rules_out(text) for condition in self._conditions)

    def inspect(self) -> Inspection:
        """Begin the test of one line that is too long to be held in memory; the caller must call `end`.

        Raises:
            Failure: when an expression cannot be searched for in windows.
        """
        return Inspection(self._conditions, self.overlap)


class Inspection:
    """The test of one long line that comes in windows.

    Each window but the first begins with the last `Matcher.overlap` bytes of the window before it, so that a literal
    across a border is found.

    Args:
        conditions: what the line must fulfil.
        overlap: `Matcher.overlap`, in bytes.
    """

    def __init__(self, conditions: Sequence[Condition], overlap: int) -> None:
        self._conditions = [condition.inspect() for condition in conditions]
        self._overlap = overlap
        self._seen = 0

    def see(self, window: bytes) -> None:
        """Search the next window of the line."""
        old = min(self._overlap, self._seen)
        for condition in self._conditions:
            condition.see(window, old)
        self._seen += len(window) - old

    def end(self) -> bool:
        """Free the memory, and return whether the line, as far as it was searched, matches."""
        fulfilled = [condition.end() for condition in self._conditions]  # a list, since every `end` must be called
        return all(fulfilled)
