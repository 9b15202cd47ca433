"""How the peers of an agent have answered its questions: what it met, since it asks them nothing for this."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from logagent.core.outcome import Status
from logagent.telemetry.hook import Asking

OK, AWAY, REFUSED, FAILING, UNKNOWN = STATES = ("ok", "away", "refused", "failing", "unknown")
"""What a peer is found to be: it answers; it cannot be reached, or was left behind; it does not answer this agent or
its callers; it fails; it was not asked yet."""
LEFT_BEHIND = "LEFT_BEHIND"
"""Stands among the statuses of answers for a peer that was not waited for any longer."""

_STATES = {
    Status.UNAVAILABLE: AWAY,
    Status.PERMISSION_DENIED: REFUSED,
    Status.INTERNAL: FAILING,
}
"""What an answer makes of a peer; with any other status it has answered, and what it says is about the question."""
_EXPECTED = (Status.OK.name, Status.UNAVAILABLE.name, LEFT_BEHIND)
"""Ends that are there from the start, since Prometheus sees no rise in a figure that begins with 1."""


@dataclass(slots=True)
class PeerSeen:
    """What questions have met at one peer.

    Attributes:
        state: one of `STATES`.
        asked: when it was asked last and that ended, in seconds since the epoch; None: never.
        answered: when something last came of it; None: never.
        ends: its answers, by status.
    """

    state: str = UNKNOWN
    asked: float | None = None
    answered: float | None = None
    ends: Counter[str] = field(default_factory=lambda: Counter(dict.fromkeys(_EXPECTED, 0)))


class PeersSeen:
    """What questions have met at each peer that is configured; others are not counted.

    Args:
        names: of the peers.
        clock: seconds since the epoch.

    Attributes:
        peers: by name.
    """

    def __init__(self, names: Iterable[str] = (), clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self.peers: dict[str, PeerSeen] = {}
        self.renew(names)

    def renew(self, names: Iterable[str]) -> None:
        """Take other peers; what is known of those that stay is kept."""
        self.peers = {name: self.peers.get(name) or PeerSeen() for name in names}

    def heard(self, asking: Asking) -> None:
        """Note that the first lines of a host have come."""
        peer = self.peers.get(asking.host)
        if peer is not None:
            peer.state, peer.answered = OK, self._clock()

    def ended(self, asking: Asking) -> None:
        """Note how a host has ended; one whose asking was cancelled by others tells nothing."""
        peer, outcome = self.peers.get(asking.host), asking.outcome
        if peer is None:
            return
        now = peer.asked = self._clock()
        if asking.left:
            peer.state = AWAY
            peer.ends[LEFT_BEHIND] += 1
        elif outcome is not None:
            peer.state = _STATES.get(outcome.status, OK)
            peer.ends[outcome.status.name] += 1
            peer.answered = peer.answered if peer.state == AWAY else now
