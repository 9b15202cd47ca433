"""What was asked and how each question ended for the client, and all that was wrong."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from enum import Enum

ROUTES = ("/logs", "/hits", "/files", "/hosts", "/healthz", "/readyz")


class Ending(Enum):
    """How a question ended for its client."""

    WHOLE = "answered to the end"
    REFUSED = "refused"
    LEFT = "left by the client"
    BROKEN = "broken by the agent"


@dataclass(slots=True)
class Asked:
    """One request.

    kind: for people. trace: its id. status: of HTTP; 0: no head came. verdict: its status; None: none came, or the
    response has none. ending: None: it is under way.
    """

    kind: str
    method: str
    path: str
    trace: str
    status: int = 0
    verdict: int | None = None
    ending: Ending | None = None

    @property
    def route(self) -> str:
        return self.path if self.path in ROUTES else "other"


@dataclass
class Account:
    """All requests to the primary. faults: what was wrong, a sentence each. told: answers whose lines were checked."""

    seed: int
    asked: list[Asked] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    lines_checked: int = 0
    disturbances: Counter[str] = field(default_factory=Counter)

    def begin(self, kind: str, method: str, path: str) -> Asked:
        """Enter a request that is about to be sent."""
        trace = f"{random.Random(f'{self.seed}/{len(self.asked)}').getrandbits(128) | 1:032x}"
        self.asked.append(Asked(kind, method, path, trace))
        return self.asked[-1]

    def fault(self, asked: Asked | None, what: str) -> None:
        self.faults.append(what if asked is None else f"{asked.kind} {asked.path} (trace {asked.trace}): {what}")

    @property
    def questions(self) -> int:
        return len(self.asked)

    def by_kind(self) -> list[str]:
        """For each kind of question, how often it was asked, and how it ended."""
        kinds: dict[str, Counter[str]] = {}
        for asked in self.asked:
            kinds.setdefault(asked.kind, Counter())[_ended(asked)] += 1
        return [f"{kind}: {sum(ends.values()):,}, {_listed(ends)}" for kind, ends in sorted(kinds.items())]

    def verdicts(self, without: Collection[str] = ()) -> Counter[int]:
        """How many answers that came to their end had each verdict, without those of some kinds."""
        ended = (asked for asked in self.asked if asked.ending is Ending.WHOLE and asked.kind not in without)
        return Counter(asked.verdict for asked in ended if asked.verdict is not None)

    def answered(self) -> Iterator[Asked]:
        """Those whose client saw how they ended."""
        return (asked for asked in self.asked if asked.ending in (Ending.WHOLE, Ending.REFUSED))


def _ended(asked: Asked) -> str:
    if asked.ending is Ending.WHOLE and asked.verdict is not None:
        return f"verdict {asked.verdict}"
    return (
        f"{asked.status}"
        if asked.ending in (Ending.WHOLE, Ending.REFUSED)
        else str(asked.ending and asked.ending.value)
    )


def _listed(ends: Counter[str]) -> str:
    return ", ".join(f"{how} {count:,}" for how, count in ends.most_common())
