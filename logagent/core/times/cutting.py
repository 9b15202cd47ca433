"""Cutting lines, so that what states their times stands at one offset in all of them, or is all that is left."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Container, Sequence
from functools import partial

from logagent.core.times.locating import cut_at_leads, landmark_behind
from logagent.core.times.places import Kind, TimePlace
from logagent.core.times.structured_fields import number_of_member, numbers_of_member, values_of_members

Texts = Callable[[Sequence[bytes]], Sequence[bytes]]
"""Cuts lines; returns a text for each, which is empty if the line is not one of those that it is for."""

Numbers = Callable[[bytes], re.Match[bytes] | None]
"""Finds the epoch time of a line."""

CACHED = 64
"""Ways of cutting that are remembered of one file: its layouts are forgotten when there are too many, and come anew."""
_GAPS = re.compile(rb" +")


class Cutting:
    """The ways of cutting the lines of one file.

    Args:
        places: where its lines state their own times; None: anywhere.

    Attributes:
        members: leaves of JSON lines the value that states their time.
        number_of_member: finds the epoch time of a JSON line.
    """

    def __init__(self, places: Collection[TimePlace] | None) -> None:
        self._one = places is not None and [place.kind for place in places] == [Kind.TEXT]
        self._anywhere = places is None
        self._by_gaps: dict[int, Texts] = {}
        self._by_spaces: dict[int, Texts] = {}
        self.members: Texts = values_of_members
        self.number_of_member: Numbers = number_of_member
        if places is not None:
            names = tuple(b'"%b"' % place.name.encode() for place in places if place.kind is Kind.FIELD)
            self.members = partial(values_of_members, names=names)
            self.number_of_member = numbers_of_member(names)

    def behind(self, before: bytes, spaces: Container[int]) -> Texts:
        """Return what cuts lines whose landmark stands behind as many words as in this one, always the same object.

        Args:
            before: what stands before the landmark.
            spaces: how many spaces stood before the landmarks of times of the same layout.
        """
        if self._anywhere:
            return cut_at_leads
        if not self._one:
            if len(self._by_spaces) >= CACHED:
                self._by_spaces.clear()
            return self._by_spaces.setdefault(id(spaces), partial(cut_at_leads, spaces=spaces))
        gaps = len(_GAPS.findall(before))
        return self._by_gaps.setdefault(gaps, partial(cut_at_leads, find=landmark_behind(gaps)))
