"""The labels of hosts in a frame: each set of labels once, and for each origin which one its host has.

u16  count of sets, then for each: u16 count of labels, then for each: u16 length and UTF-8 of name and value
u16  for each origin: 0 if nothing is known of its host's labels, else 1 and the index of the set
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence

from logagent.core.batch import Labels, Origin

MOST_TOLD = 128
"""Labels of a host in a frame at most: those that it tells itself, and those that what lists it has for it."""
LONGEST_TOLD = 1024
"""Bytes of the name or the value of a label in a frame at most: each is repeated with each line."""

_SHORT = struct.Struct(">H")


def encode_labels(origins: Sequence[Origin], spell: Callable[..., bytes]) -> bytes:
    """Return the labels of the hosts of origins.

    Args:
        spell: encodes texts, each with its length.
    """
    sets = {origin.labels: 0 for origin in origins if origin.labels is not None}
    sets = {labels: index for index, labels in enumerate(sets, 1)}
    parts = [_SHORT.pack(len(sets))]
    for labels in sets:
        parts += [_SHORT.pack(len(labels)), *(spell(name, value) for name, value in labels)]
    told = [0 if origin.labels is None else sets[origin.labels] for origin in origins]
    return b"".join([*parts, *map(_SHORT.pack, told)])


def with_labels(origins: Sequence[Origin], number: Callable[[], int], text: Callable[[], str]) -> tuple[Origin, ...]:
    """Return origins with the labels of their hosts.

    Args:
        number: reads the next 16 bits of the frame.
        text: reads the next text.

    Raises:
        ValueError: if there are more labels than a host has, longer ones, or others than are named.
    """
    sets: list[Labels | None] = [None, *(_labels(number(), text) for _ in range(number()))]
    told = [number() for _ in origins]
    if told and max(told) >= len(sets):
        raise ValueError("an origin has labels that the frame does not name")
    return tuple(origin._replace(labels=sets[index]) for origin, index in zip(origins, told, strict=True))


def _labels(count: int, text: Callable[[], str]) -> Labels:
    if count > MOST_TOLD:
        raise ValueError(f"a host has {count} labels; there are at most {MOST_TOLD}")
    labels = tuple((text(), text()) for _ in range(count))
    if any(len(one) > LONGEST_TOLD for label in labels for one in label):
        raise ValueError(f"a label is longer than {LONGEST_TOLD} bytes")
    return labels
