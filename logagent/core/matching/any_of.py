"""A condition that is fulfilled where one of several conditions is."""

from __future__ import annotations

from collections.abc import Sequence

from logagent.core.matching.conditions import Condition, ConditionInWindows, Scout
from logagent.core.matching.literal_places import LiteralPlaces
from logagent.core.matching.spans import Span


class AnyOf:
    """One of several conditions, each of which selects lines that hold something; see `Condition`."""

    finds = True

    def __init__(self, parts: Sequence[Condition]) -> None:
        self._parts = parts
        self.overlap = max(part.overlap for part in parts)

    def some_spans(self, block: bytes) -> list[Span] | None:
        found: set[Span] = set()
        for part in self._parts:
            spans = part.some_spans(block)
            if spans is None:
                return None
            found.update(spans)
        return sorted(found)

    def among(self, spans: list[Span], block: bytes) -> list[Span]:
        found = {span for part in self._parts for span in part.among(spans, block)}
        return [span for span in spans if span in found]

    def allows(self, line: bytes) -> bool:
        return any(part.allows(line) for part in self._parts)

    def rules_out(self, text: bytes) -> bool:
        return all(part.rules_out(text) for part in self._parts)

    def inspect(self) -> _AnyInWindows:
        return _AnyInWindows([part.inspect() for part in self._parts])

    def places(self, sample: bytes) -> LiteralPlaces | None:
        return None

    def scout(self) -> Scout | None:
        scouts = [scout for part in self._parts if (scout := part.scout()) is not None]
        return _AnyScout(scouts) if len(scouts) == len(self._parts) else None


class _AnyInWindows:
    """One of several conditions, on one line that comes in windows."""

    def __init__(self, parts: Sequence[ConditionInWindows]) -> None:
        self._parts = parts

    def see(self, window: bytes, old: int) -> None:
        for part in self._parts:
            part.see(window, old)

    def end(self) -> bool:
        fulfilled = [part.end() for part in self._parts]  # a list, since every `end` must be called
        return any(fulfilled)


class _AnyScout:
    """Tells quickly which blocks hold no match of any condition."""

    def __init__(self, scouts: Sequence[Scout]) -> None:
        self._scouts = scouts

    def may_hold(self, block: bytes) -> bool:
        return any(scout.may_hold(block) for scout in self._scouts)
