"""Where a literal occurs in a text, by arrays: faster than a call back for each match where there are many.

The literal's rarest bytes are looked for in the whole text. Where these are, in their places, the others are compared,
eight at a time.
"""

from __future__ import annotations

from typing import Any

from logagent.core.arrays import lent, numpy

FEW = 1 / 256
"""Share of the places of a text at which bytes that were looked for may stand, for the others to be compared there."""
MOST_PROBES = 3
"""Bytes of the literal that are looked for in the whole text, at most."""
_CASE = 0x20
"""The bit in which the two cases of a letter differ."""


class LiteralPlaces:
    """Finds where a literal occurs; for one thread at a time.

    Args:
        literal: at least one byte, and no line break.
        sample: a text from which it is learned which bytes are rare.
        ignore_case: whether ASCII letters match in either case.
    """

    def __init__(self, literal: bytes, sample: bytes, *, ignore_case: bool) -> None:
        np = numpy()
        self._literal = literal.lower() if ignore_case else literal
        self._folds = bytes(_CASE * (ignore_case and bytes([byte]).isalpha()) for byte in self._literal)
        counts = np.bincount(np.frombuffer(sample, np.uint8), minlength=256)
        if ignore_case:
            counts[ord("a") : ord("z") + 1] += counts[ord("A") : ord("Z") + 1]
        self._probes = self._chosen(counts / max(1, len(sample)))
        self._words = [self._word(place) for place in (*range(0, len(literal) - 8, 8), max(0, len(literal) - 8))]

    def of(self, text: bytes, first: int, last: int) -> Any:
        """Return where it begins in a part of a text, ascending, as an array.

        Args:
            first: where the part begins.
            last: where it ends.
        """
        np = numpy()
        size = last - first - len(self._literal) + 1
        if size <= 0:
            return np.empty(0, np.int64)
        with lent(bool, size) as mask, lent(bool, size) as other:
            self._mark(np.frombuffer(text, np.uint8, last - first, first), mask, other)
            places = _where(mask) + first
        return self._checked(text, places)

    def _chosen(self, shares: Any) -> list[tuple[int, int]]:
        """Return the places in the literal of its rarest bytes, and these bytes, as many as make their places few."""
        place_of = {byte: place for place, byte in enumerate(self._literal)}
        probes, share = [], 1.0
        for byte in sorted(place_of, key=lambda byte: shares[byte])[:MOST_PROBES]:
            probes.append((place_of[byte], byte))
            share *= float(shares[byte])
            if share < FEW:
                break
        return probes

    def _mark(self, part: Any, mask: Any, other: Any) -> None:
        """Mark the places of a part at which the probes are."""
        np = numpy()
        size = len(mask)
        for number, (place, byte) in enumerate(self._probes):
            found = other if number else mask
            there = part[place : place + size]
            if self._folds[place]:
                folded = np.bitwise_or(there, _CASE, out=found.view(np.uint8))
                np.equal(folded, byte, out=found)
            else:
                np.equal(there, byte, out=found)
            if number:
                np.logical_and(mask, other, out=mask)

    def _word(self, place: int) -> tuple[int, int, int, int]:
        """Return a place, and which bits are compared, folded and found of the eight bytes there."""
        literal, folds = self._literal[place : place + 8], self._folds[place : place + 8]
        compared = b"\xff" * len(literal)
        return place, *(int.from_bytes(each, "little") for each in (compared, folds, literal))  # type: ignore[return-value]

    def _checked(self, text: bytes, places: Any) -> Any:
        """Return those of some places at which the literal begins."""
        np = numpy()
        for place, compared, fold, word in self._words if len(places) else ():
            far = places <= len(text) - place - 8
            near = [at for at in places[~far].tolist() if self._is_at(text, at)] if not far.all() else []
            places = places[far]
            words = np.ndarray((max(0, len(text) - 7 - place),), "<u8", text, place, (1,))[places]
            good = places[((words & np.uint64(compared)) | np.uint64(fold)) == np.uint64(word)]
            places = np.concatenate((good, np.array(near, np.int64))) if near else good
        return places

    def _is_at(self, text: bytes, place: int) -> bool:
        found = text[place : place + len(self._literal)]
        return (found.lower() if any(self._folds) else found) == self._literal


def _where(mask: Any) -> Any:
    """Return the indices at which a mask is true: of few, eight at a time are passed over."""
    np = numpy()
    whole = len(mask) & ~7
    words = mask[:whole].view(np.uint64)
    eights = np.flatnonzero(words != 0)
    if len(eights) * 32 > len(mask):
        return np.flatnonzero(mask)
    found = np.flatnonzero(words[eights].view(bool))
    return np.concatenate((eights[found // 8] * 8 + found % 8, whole + np.flatnonzero(mask[whole:])))
