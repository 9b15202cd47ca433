"""JSON objects from other agents, checked member by member."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

from logagent.core.times import moments

LARGEST = 2**63 - 1
"""The largest number in a document: no file and no disk is larger, and numbers of 64 bits are read everywhere."""

Kind = TypeVar("Kind")


class BadListing(ValueError):
    """The document is not an answer of `/files`."""


class Document:
    """A JSON object from another agent, checked member by member."""

    def __init__(self, document: object) -> None:
        if not isinstance(document, Mapping):
            raise BadListing("an object was expected")
        self._members = document

    def __contains__(self, name: str) -> bool:
        return name in self._members

    def take(self, name: str, kind: type[Kind]) -> Kind:
        """Return a member of this kind.

        Raises:
            BadListing: when there is none.
        """
        value = self._members.get(name)
        if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
            raise BadListing(f"{name} is missing, or is no {kind.__name__}")
        if isinstance(value, int) and not 0 <= value <= LARGEST:
            raise BadListing(f"{name} is a number that cannot be")
        if isinstance(value, str) and not _is_text(value):
            raise BadListing(f"{name} is no text")
        return value

    def texts(self, name: str) -> tuple[str, ...]:
        """Return a list of texts."""
        texts = self.take(name, list)
        if not all(isinstance(text, str) and _is_text(text) for text in texts):
            raise BadListing(f"{name} holds something else than texts")
        return tuple(texts)

    def moment(self, name: str) -> int:
        """Return a time, in nanoseconds since the epoch."""
        moment = moments.read(self.take(name, str), 0)
        if moment is None:
            raise BadListing(f"{name} is no time")
        return moment

    def moment_if_any(self, name: str) -> int | None:
        """Return a time; None if there is none."""
        return None if self._members.get(name) is None else self.moment(name)

    def list_if_any(self, name: str) -> list[object]:
        """Return a list; an empty one if there is none."""
        return [] if self._members.get(name) is None else self.take(name, list)

    def text_if_any(self, name: str) -> str:
        """Return a text; an empty one if there is none."""
        return "" if self._members.get(name) is None else self.take(name, str)

    def document_if_any(self, name: str) -> Document | None:
        """Return an object; None if there is none."""
        return None if self._members.get(name) is None else Document(self._members[name])

    def flag_if_any(self, name: str) -> bool | None:
        """Return whether something is so; None if that is not said."""
        return None if self._members.get(name) is None else self.take(name, bool)


def _is_text(text: str) -> bool:
    """Return whether a text can be encoded: JSON may spell halves of characters."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
