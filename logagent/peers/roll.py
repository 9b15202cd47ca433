"""The roll of one answer: which agent answers under which of the names that are listed here, and who is who.

It is known from the headers of the answers themselves, before the first line, and costs no further question. Whoever
answers under another name than the one by which it is listed gives no lines, so it does not matter who answers first.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from logagent.core.access.caller import Caller
from logagent.core.notes import Note, NoteKind
from logagent.core.outcome import Failure, Status
from logagent.core.wire.caller import CALLER_HEADER, CannotTell
from logagent.core.wire.caller import to_header as caller_to_header
from logagent.core.wire.frames import VERSION_HEADER
from logagent.core.wire.identity import (
    AGENT_HEADER,
    ASKED_AS_HEADER,
    BadIdentity,
    Identity,
    from_header,
    to_header,
)
from logagent.core.wire.through import ELSEWHERE, LOOP, REFUSED_HEADER, THROUGH_HEADER, Through, through_to_header

LONGEST_SHOWN = 100
"""Characters that are shown of who asks, where another agent cannot be told of him."""


class Roll:
    """Who answered under which name, in one answer.

    Args:
        own: the agent that asks.
        asked: the names of the hosts whose lines are asked for.
        namesake: how the answer calls the peer that is listed under the asking agent's own name; empty: there is none.
        caller: for whom it asks, with the name in the certificate of the asking agent as the last of the chain; None:
            for itself.
        strict: whether nothing is asked of a peer that does not take callers.
        through: by which way the question that is asked came, the agent that asks being the last; None: no way is told.
    """

    def __init__(
        self,
        own: Identity,
        asked: Iterable[str],
        namesake: str = "",
        *,
        caller: Caller | None = None,
        strict: bool = False,
        through: Through | None = None,
    ) -> None:
        self.strict = strict
        self._through = through
        self._refused: dict[str, str] = {}
        self._caller = caller
        self._own = own
        self._asked = set(asked)
        self._namesake = namesake
        self._answered: dict[str, Identity] = {}
        self._unnamed: set[str] = set()

    def ask_too(self, host: str) -> None:
        """Note that a further host's lines are asked for."""
        self._asked.add(host)

    def headers(self, listed: str) -> dict[str, str]:
        """Return the headers that tell a peer by which name it is asked, by whom, and for whom.

        Args:
            listed: the name by which the peer is listed here.

        Raises:
            Failure: if a peer cannot be told for whom.
        """
        told = {} if self._through is None else {THROUGH_HEADER: through_to_header(self._through)}
        return {ASKED_AS_HEADER: to_header(Identity(listed, self._own.id)), **told, **self.caller_headers()}

    def caller_headers(self) -> dict[str, str]:
        """Return the header that tells a peer for whom it is asked.

        Raises:
            Failure: if it cannot be told.
        """
        if self._caller is None:
            return {}
        try:
            return {CALLER_HEADER: caller_to_header(self._caller)}
        except CannotTell as error:
            told = f"is not asked, since it cannot be told of {self._caller.identity[:LONGEST_SHOWN]}: {error}"
            raise Failure(Status.RESOURCE_EXHAUSTED, told) from None

    def meet(self, listed: str, headers: Mapping[str, str]) -> bool:
        """Note who answers, by the head of a response.

        Args:
            listed: the name by which the peer is listed here.
            headers: of the response, by their names in lower case.

        Returns:
            Whether the peer says its name, which then is the listed one; a peer of the first version does not.

        Raises:
            Failure: when it is not the peer that is listed, or does not say properly who it is.
        """
        if AGENT_HEADER not in headers:
            self._meet_unnamed(listed, headers)
            return False
        try:
            told = from_header(headers[AGENT_HEADER])
        except BadIdentity:
            raise Failure(Status.INTERNAL, "does not say properly who it is") from None
        self._answered[listed] = told = self._own if told.id == self._own.id else told
        self._check(listed, told)
        return True

    def _meet_unnamed(self, listed: str, headers: Mapping[str, str]) -> None:
        if VERSION_HEADER in headers:  # else no agent has answered, but perhaps a proxy before it
            self._unnamed.add(listed)
            if listed == self._own.name:
                raise Failure(Status.INTERNAL, self._is_another(listed))

    def _check(self, listed: str, told: Identity) -> None:
        if told == self._own:
            raise Failure(Status.INTERNAL, f"is {told.name} itself, the agent that asks; ask for it by that name")
        if listed == self._own.name:
            raise Failure(Status.INTERNAL, self._is_another(told.name))
        if told.name != listed:
            message = f"answers as {told.name}, but is listed here as {listed}; list it by the name that it has"
            raise Failure(Status.INTERNAL, message)

    def _is_another(self, name: str) -> str:
        listed = f"is listed as {self._own.name}, which is the agent that asks, but another one answers"
        return f"{listed}, as {name}; give each a name of its own"

    def pass_over(self, listed: str, headers: Mapping[str, str]) -> bool:
        """Return whether a peer refuses since it is asked by another way, or asks itself, which is no failure.

        Args:
            listed: the name by which the peer is listed here.
            headers: of its response, by their names in lower case.
        """
        word = headers.get(REFUSED_HEADER, "")
        if self._through is None or word not in (ELSEWHERE, LOOP):
            return False
        self._refused[listed] = word
        return True

    def notes(self, host: str) -> tuple[Note, ...]:
        """Return what is to be noted of a host: that it is another one's other name, or too old to say its name."""
        if self._refused.get(host) == LOOP:
            return (Note(NoteKind.LOOP, (host,), 1, self._own.name),)
        if self.is_other_name(host):
            return (Note(NoteKind.SAME, (self._answered[host].name,), 1, host),)
        return (Note(NoteKind.UNNAMED, (), 1, host),) if host in self._unnamed else ()

    def is_other_name(self, host: str) -> bool:
        """Return whether a name means an agent that is asked by its own name in this answer, too."""
        told = self._answered.get(host)
        if told is None or told.name == host or told.name not in self._asked:
            return False
        return told == self._own or self._answered.get(told.name) == told

    def is_passed_over(self, host: str) -> bool:
        """Return whether nothing is to be said of a host: it is asked by another way, or it is the agent that asks."""
        if host in self._refused:
            return True
        if host != self._namesake:
            return False
        own = self._own.name
        return own not in self._unnamed and self._answered.get(own, self._own) == self._own
