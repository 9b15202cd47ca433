"""The conditions of a query's literals and expressions: all of them, one of them, or none of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from logagent.core.matching import patterns, unions
from logagent.core.matching.any_of import AnyOf
from logagent.core.matching.conditions import Condition
from logagent.core.matching.literals import AnyFolded, literal_conditions, needs_folding
from logagent.core.matching.regex import regex_conditions, union_conditions

_FEW = 8
"""Literals and expressions that are searched for one after the other, where none of them may match: up to this number
that is as fast as all at once, and nothing has to be compiled for a literal."""


def is_many(literals: Sequence[bytes], expressions: Sequence[bytes]) -> bool:
    """Return whether it is better to search for all of these at once."""
    return len(literals) + len(expressions) > _FEW


@dataclass(frozen=True, slots=True)
class Ways:
    """How literals and expressions match.

    Attributes:
        ignore_case: whether letters match in either case (see `literals`).
        across: whether they are searched for in events, texts of several lines.
    """

    ignore_case: bool
    across: bool

    def all_of(self, literals: Sequence[bytes], expressions: Sequence[bytes]) -> list[Condition]:
        """Return the conditions that all of them fulfil.

        Raises:
            Failure: for an expression that cannot be searched for here.
        """
        return [
            *literal_conditions(set(literals), set(), ignore_case=self.ignore_case),
            *regex_conditions(expressions, wanted=True, ignore_case=self.ignore_case, across=self.across),
        ]

    def any_of(self, literals: Sequence[bytes], expressions: Sequence[bytes]) -> list[Condition]:
        """Return the condition that one of them fulfils; none if there are none.

        Raises:
            Failure: for an expression that cannot be searched for here.
        """
        parts = self._of_many(literals, expressions, wanted=True)
        return [AnyOf(parts)] if len(parts) > 1 else parts

    def none_of(self, literals: Sequence[bytes], expressions: Sequence[bytes]) -> list[Condition]:
        """Return the conditions of a line in which none of them is.

        Raises:
            Failure: for an expression that cannot be searched for here.
        """
        if is_many(literals, expressions):
            return self._of_many(literals, expressions, wanted=False)
        return [
            *literal_conditions(set(), set(literals), ignore_case=self.ignore_case),
            *regex_conditions(expressions, wanted=False, ignore_case=self.ignore_case, across=self.across),
        ]

    def compile(
        self,
        literals: Sequence[bytes],
        expressions: Sequence[bytes],
        *,
        together: bool,
        is_late: Callable[[], bool],
    ) -> None:
        """Compile expressions into the cache.

        Args:
            literals: what is searched for beside them.
            expressions: what is compiled.
            together: whether all are searched for at once.
            is_late: asked between the parts that are compiled.

        Raises:
            BadPattern: for an expression that cannot be searched for.
            TookTooLong: if it took too long.
        """
        if together:
            plain, _ = self._apart(literals)
            unions.union(plain, expressions, ignore_case=self.ignore_case, across=self.across, is_late=is_late)
            return
        for expression in expressions:
            patterns.compiled(expression, ignore_case=self.ignore_case, across=self.across)

    def _of_many(self, literals: Sequence[bytes], expressions: Sequence[bytes], *, wanted: bool) -> list[Condition]:
        plain, folding = self._apart(literals)
        parts: list[Condition] = []
        if plain or expressions:
            parts += union_conditions(
                plain, expressions, wanted=wanted, ignore_case=self.ignore_case, across=self.across
            )
        return [*parts, AnyFolded(set(folding), wanted=wanted)] if folding else parts

    def _apart(self, literals: Sequence[bytes]) -> tuple[list[bytes], list[bytes]]:
        """Return the literals that the engine finds, and those that have to be folded."""
        folding = {literal for literal in literals if self.ignore_case and needs_folding(literal)}
        return [literal for literal in literals if literal not in folding], sorted(folding)
