"""Globs of names below a root, entered one directory after the other, so that many files of one are judged fast.

A name is read component by component: `*`, `?` and `[...]` match within one, `**` any number of directories, at the end
all files below. Which components of the glob may come next is its *state*; it never goes back, whatever a glob holds.
"""

from __future__ import annotations

import fnmatch
import re
import unicodedata
from collections.abc import Callable, Iterable

from logagent.core.globs import is_glob

State = frozenset[int]
"""The places in a glob at which the rest of a name may begin; its length stands for its end."""

Test = Callable[[str], object]
"""Tells whether a name matches."""

_ANY = "*"


class PathGlob:
    """One glob.

    Args:
        text: with `/` between components.

    Attributes:
        begin: the state in the root.
    """

    def __init__(self, text: str) -> None:
        self._parts = [_component(part) for part in text.split("/")]
        self._all = frozenset(place for place, part in enumerate(text.split("/")) if part in (_ANY, "**"))
        self._end = len(self._parts)
        self.begin = self._with_skipped([0])

    @property
    def takes_everything(self) -> bool:
        """Whether it matches every name."""
        return set(self._parts) == {None}

    def entered(self, state: State, directory: str) -> State:
        """Return the state below one directory; empty: nothing below can match.

        Args:
            directory: its own name, without those above.
        """
        further: list[int] = []
        for place in state:
            if place == self._end:
                continue
            part = self._parts[place]
            if part is None:
                further.append(place)
                if place == self._end - 1:
                    further.append(self._end)
            elif _fits(part, directory):
                further.append(place + 1)
        return self._with_skipped(further)

    def test(self, state: State) -> Test | None:
        """Return what tells of own names whether such a file matches in a directory of this state; None: none does."""
        last = self._end - 1
        if last not in state:
            return None
        part = self._parts[last]
        if part is None:
            return _anything
        return part.__eq__ if isinstance(part, str) else part.match

    def matches(self, state: State, own: str) -> bool:
        """Return whether a file of this own name matches in a directory of this state."""
        test = self.test(state)
        return test is not None and bool(test(own))

    def takes_all(self, state: State) -> bool:
        """Return whether any file matches in a directory of this state."""
        return self._end - 1 in state and self._end - 1 in self._all

    def has_ended(self, state: State) -> bool:
        """Return whether the directory of this state matches itself."""
        return self._end in state

    def goes_on(self, state: State) -> bool:
        """Return whether something below a directory of this state may match."""
        return any(place < self._end for place in state)

    def _with_skipped(self, places: Iterable[int]) -> State:
        """Return places, and those behind each `**`, which may stand for no directory; at the end it stands for one."""
        state = set()
        for place in places:
            state.add(place)
            while place < self._end - 1 and self._parts[place] is None:
                place += 1
                state.add(place)
        return frozenset(state)


def _anything(own: str) -> bool:
    return True


def _component(part: str) -> str | re.Pattern[str] | None:
    if part == "**":
        return None
    return re.compile(fnmatch.translate(part)) if is_glob(part) else part


def _fits(part: str | re.Pattern[str], name: str) -> bool:
    return part == name if isinstance(part, str) else part.fullmatch(name) is not None


def folded(name: str) -> str:
    """Return a name as file systems compare it that tell neither small and capital letters nor compositions apart."""
    if name.isascii():
        return name.lower()
    return unicodedata.normalize("NFD", unicodedata.normalize("NFD", name).casefold())
