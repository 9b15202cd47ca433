"""One host of a follow: where its live lines begin, whether it can be reached, and how its follow ended."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from logagent.core.batch import SIGN_OF_LIFE, Batch, Notice, Position
from logagent.core.cursor import of_host as positions_of
from logagent.core.notes import Note, of_host
from logagent.core.outcome import HostOutcome, Outcome, Status
from logagent.core.query import Query, Source
from logagent.fanout.feed import Feed
from logagent.fanout.roll_call import UNQUESTIONED, RollCall


class FollowedHost(Feed):
    """The feed of one followed host.

    A bare sign of life is dropped here: its only purpose is to keep the connection to the host alive.

    Args:
        name: the host.
        source: its live lines.
        tell: called when there is a batch to take, and when the follow of this host has ended.
        roll: knows whether it is another name of a host that is followed too.

    Attributes:
        begun: whether the host has sent where its live lines begin, or a notice that it cannot be reached.
        anchors: the positions at which its live lines begin, one for each log.
        state: the last notice of whether the host can be followed.
        loss: the first notice of lost lines, or of logs that are not followed since there are too many.
        greeting: what is told when it has begun; empty: nothing, as it is among the first.
        reached: whether it was ever followed.
        is_gone: whether it was let go, since it is not known any more.
    """

    def __init__(self, name: str, source: Source, tell: Callable[[], None], roll: RollCall = UNQUESTIONED) -> None:
        super().__init__(name, source, tell, pass_by=_is_bare_sign_of_life)
        self._roll = roll
        self.begun = False
        self.anchors: tuple[Position, ...] = ()
        self.state = Notice(name, Status.OK, "")
        self.loss: Notice | None = None
        self.greeting = ""
        self.reached = self.is_gone = False
        self._lateness: Notice | None = None
        self._missing = False

    @property
    def is_over(self) -> bool:
        """Whether the host's follow has ended and its last batch is taken."""
        return self.outcome is not None and self.slot is None

    @property
    def is_beside(self) -> bool:
        """Whether it is no host of its own, so that its end is no failure and no news."""
        return self._roll.is_other_name(self.name) or self._roll.is_passed_over(self.name)

    @property
    def names(self) -> frozenset[str]:
        """The names of the hosts whose lines come from it."""
        return frozenset((self.name,))

    def question(self, query: Query, positions: Sequence[Position]) -> Query:
        """Return what of a query concerns which hosts: this one only, from the positions that are reached."""
        own = positions_of(positions, self.name)
        return replace(query, hosts=(), chosen=None, own=True, positions=own)

    def is_in(self, positions: Sequence[Position]) -> bool:
        """Return whether the host has no log, or one with a position among these."""
        return not self.anchors or bool(positions_of(positions, self.name))

    def named(self, notes: tuple[Note, ...]) -> tuple[Note, ...]:
        """Return notes with the name that this agent has for the host."""
        return of_host(notes, self.name)

    @property
    def lacks_log(self) -> bool:
        """Whether the host has said that it has no such log."""
        return self._missing and not self.anchors

    def hear_beginning(self) -> list[Notice]:
        """Take a batch that the host sends before its first line.

        Returns:
            The batch's notices, with the name that this agent has for the host.
        """
        if self.slot is None:
            return []
        if self.begun or self.slot.count:
            self.begun = True
            return []
        batch = self.slot
        self.take()
        notices = [self.note(notice) for notice in batch.notices]
        self.anchors += batch.positions
        self.begun = self._has_begun(batch, notices)
        self.reached |= batch.live
        return notices

    def _has_begun(self, batch: Batch, notices: Sequence[Notice]) -> bool:
        return batch.live or any(notice.status is Status.UNAVAILABLE for notice in notices)

    def leave(self) -> None:
        """Let the host go, which is not known any more; what it had failed in stays its failure."""
        self.is_gone = True
        self.outcome = Outcome(self.state.status, self.state.message)
        self.slot = None
        self.scope.cancel()

    def be_late(self, patience: float) -> Notice:
        """Note that the host did not begin within so many seconds, and return the notice that says so."""
        message = f"has not answered within {patience:g} s; following without it until it does"
        self._lateness = self.note(Notice(self.name, Status.UNAVAILABLE, message))
        return self._lateness

    def join(self, batch: Batch) -> list[Notice]:
        """Note that the host has begun, and return the batch's notices, and one more if it was late."""
        notices = [self.note(notice) for notice in batch.notices]
        if not self.begun and self._lateness is not None and self.state is self._lateness:
            notices.insert(0, self.note(Notice(self.name, Status.OK, "answers now; it is followed from here on")))
        if self.greeting:
            notices.insert(0, Notice(self.name, Status.OK, self._greeted()))
            self.greeting = ""
        self.begun = True
        self.reached |= self.state.status is Status.OK
        return notices

    def _greeted(self) -> str:
        return self.greeting

    def note(self, notice: Notice) -> Notice:
        """Remember a notice as the host's state or loss; return it with the name that this agent has for the host."""
        notice = notice._replace(host=self.name)
        if notice.status in (Status.DATA_LOSS, Status.RESOURCE_EXHAUSTED):
            self.loss = self.loss or notice
        elif notice.status is Status.NOT_FOUND:
            self._missing = True
        elif notice.status in (Status.OK, Status.UNAVAILABLE):
            self.state = notice
        return notice

    def note_end(self) -> Notice | None:
        """Return a notice that the host's follow has ended; None if an earlier notice said so, or it is no host."""
        if self.outcome is None or self.state.status is self.outcome.status or self.is_beside:
            return None
        self.state = Notice(self.name, self.outcome.status, self.outcome.message or "ended")
        return self.state

    def share(self) -> Outcome:
        """Return the host's part of the follow's outcome."""
        status, message = self._standing()
        named = f"{self.name}: {message}" if message else ""
        return Outcome(status, named, self.given, hosts=(HostOutcome(self.name, status, message, self.given),))

    def _standing(self) -> tuple[Status, str]:
        """Return the host's status and message: of a failure, else of a loss, else of the last notice."""
        if self.is_beside:
            return Status.OK, ""
        if self.outcome is not None and not self.outcome.complete:
            return self.outcome.status, self.outcome.message
        if self.loss is not None:
            return self.loss.status, self.loss.message
        return self.state.status, "" if self.state.status is Status.OK else self.state.message


def _is_bare_sign_of_life(batch: Batch) -> bool:
    return batch == SIGN_OF_LIFE
