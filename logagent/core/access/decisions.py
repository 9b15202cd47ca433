"""Which decision is the first to be about a file, found out once for a directory and then fast for each file in it."""

from __future__ import annotations

import operator
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from logagent.core.access.file_globs import FileGlob
from logagent.core.access.path_globs import PathGlob, State, Test, folded


@dataclass(frozen=True, slots=True)
class Decision:
    """One rule, as far as it is about files.

    Attributes:
        allows: whether its files are seen.
        files: none: every file.
        back: nanoseconds that lines may be old; None: as old as they are.
        place: where the rule is written, for people.
    """

    allows: bool
    files: tuple[FileGlob, ...] = ()
    back: int | None = None
    place: str = field(default="", compare=False)


_OWN, _EVERY, _FOLDED = range(3)
"""Names of a file to which a test is put: those by which it is allowed, all of them, all of them folded."""


class _Step(NamedTuple):
    """A test of names in one directory, and the decision that it stands for.

    Attributes:
        names: which names of a file it is put to.
    """

    number: int
    decision: Decision
    names: int
    test: Test


class _Left(NamedTuple):
    """A glob, as far as directories have led into it."""

    glob: PathGlob
    state: State

    def below(self, directory: str) -> _Left:
        state = self.glob.entered(self.state, directory)
        return self if state == self.state else _Left(self.glob, state)


class _Here(NamedTuple):
    """A decision that may be about files in some directory.

    Attributes:
        number: its place among the others.
        exact: its globs for names as they are.
        alike: its globs for folded names.
        whole: whether it is about all files in the directory; of one that denies, also about all below.
    """

    number: int
    decision: Decision
    exact: tuple[_Left, ...]
    alike: tuple[_Left, ...]
    whole: bool

    def steps(self) -> Iterator[_Step]:
        by_exact = _OWN if self.decision.allows else _EVERY
        if self.whole:
            yield _Step(self.number, self.decision, by_exact, _anything)
            return
        for names, lefts in ((by_exact, self.exact), (_FOLDED, self.alike)):
            for left in lefts:
                if (test := left.glob.test(left.state)) is not None:
                    yield _Step(self.number, self.decision, names, test)

    def below(self, directory: str) -> _Here | None:
        """Return it as it is below one directory more; None if it is about nothing there."""
        if self.decision.allows:
            return self.allowing([left.below(directory) for left in self.exact])
        if self.whole:
            return self
        alike = folded(directory)
        return self.denying([left.below(directory) for left in self.exact], [left.below(alike) for left in self.alike])

    def allowing(self, exact: Iterable[_Left]) -> _Here | None:
        left = tuple(one for one in exact if one.glob.goes_on(one.state))
        if not left and self.decision.files:
            return None
        return self._changed(left, (), whole=not self.decision.files or any(map(_takes_all, left)))

    def denying(self, exact: Sequence[_Left], alike: Sequence[_Left]) -> _Here | None:
        every = (*exact, *alike)
        if not self.decision.files or any(_takes_all(one) or one.glob.has_ended(one.state) for one in every):
            return self._changed((), (), whole=True)
        exact_left, alike_left = (tuple(one for one in each if one.state) for each in (exact, alike))
        return self._changed(exact_left, alike_left, whole=False) if exact_left or alike_left else None

    def _changed(self, exact: tuple[_Left, ...], alike: tuple[_Left, ...], *, whole: bool) -> _Here:
        """Return it with other globs; itself where nothing changes, as below most directories: it is kept for each."""
        same = (self.exact, self.alike, self.whole) == (exact, alike, whole)
        return self if same else self._replace(exact=exact, alike=alike, whole=whole)


def _takes_all(left: _Left) -> bool:
    return left.glob.takes_all(left.state)


def _anything(own: str) -> bool:
    return True


class Decisions:
    """An ordered list of decisions, as far as they may be about files in some directory."""

    __slots__ = ("_heres", "_steps")

    def __init__(self, heres: Sequence[_Here]) -> None:
        self._heres = heres
        self._steps: list[_Step] | None = None

    @staticmethod
    def of_root(decisions: Iterable[Decision], root: str) -> Decisions:
        """Return those that may be about files of a root."""
        heres = (_at_the_root(number, one, root) for number, one in enumerate(decisions))
        return Decisions([here for here in heres if here is not None])

    def below(self, directory: str) -> Decisions:
        """Return those that may be about files in a directory, by its own name, of the one that these are about."""
        heres = [below for here in self._heres if (below := here.below(directory)) is not None]
        same = len(heres) == len(self._heres) and all(map(operator.is_, heres, self._heres))
        return self if same else Decisions(heres)

    def first(self, own: Sequence[str], perhaps: Sequence[str]) -> tuple[int, Decision] | None:
        """Return the first that is about a file, and its place among all of them; None if none is.

        Args:
            own: own names by which it is allowed or denied.
            perhaps: own names by which it is denied only.
        """
        if self._steps is None:
            self._steps = [step for here in self._heres for step in here.steps()]
        every = (*own, *perhaps)
        names = own, every, tuple(map(folded, every))
        for number, decision, which, test in self._steps:
            for name in names[which]:
                if test(name):
                    return number, decision
        return None

    @property
    def may_allow(self) -> bool:
        """Whether something in the directory, or below it, may be allowed."""
        for here in self._heres:
            if here.decision.allows or here.whole:
                return here.decision.allows
        return False


def _at_the_root(number: int, decision: Decision, root: str) -> _Here | None:
    globs = [glob for glob in decision.files if glob.is_of(root)]
    here = _Here(number, decision, (), (), not decision.files)
    if decision.allows:
        return here.allowing([_Left(glob.exact, glob.exact.begin) for glob in globs])
    return here.denying(
        [_Left(glob.exact, glob.exact.begin) for glob in globs if glob.exact_too],
        [_Left(glob.alike, glob.alike.begin) for glob in globs],
    )
