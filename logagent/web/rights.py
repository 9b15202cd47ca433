"""Rights to answers that are under way: an answer whose right is taken away ends, whatever took it."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Protocol

import trio

from logagent.core.access.caller import Caller
from logagent.core.query import Query
from logagent.web.access import Access
from logagent.web.documents import Refusal

LOOK_AGAIN = 0.4
"""Seconds after which it is looked again whether the proofs hold: files of tokens and of revoked certificates are
looked at every half second, and both together are less than the second in which a right that was taken away ends."""
AT_A_TIME = 50
"""Proofs that are looked at before others get the event loop, some ten microseconds each."""
TAKEN_AWAY = "the right to this answer was taken away while it was sent; ask again to see what is left of it"
"""What the verdict says: nothing of which file or which rule it was."""

_log = logging.getLogger(__name__)


class Judge(Protocol):
    """Knows the rules of one state of the agent."""

    async def shows_less(self, query: Query, caller: Caller, former: Any, before: Caller) -> bool:
        """Return whether a question that is being answered would be shown less now.

        Args:
            query: the question.
            caller: who asks, as he is known now.
            former: the judge of the state that the answer began with.
            before: who asked, as he was known then.
        """
        ...


@dataclass
class Right:
    """The right to one answer.

    Attributes:
        scope: of the ASGI request.
        caller: who asks, as `access` knows him.
        access: that admitted him last.
        judge: of the state that the answer began with.
        query: the question.
        admitted: the caller as he was known when the answer began.
    """

    scope: Mapping[str, Any]
    caller: Caller
    access: Access
    judge: Judge | None
    query: Query
    admitted: Caller = field(init=False)

    def __post_init__(self) -> None:
        self.admitted = self.caller

    @property
    def proof(self) -> object:
        """What is equal for the rights of one caller who shows the same."""
        return self.caller, self.caller.credential, self.scope.get("state", {}).get("client_certificate")

    def is_proved(self) -> bool:
        """Return whether it is still proved who asks."""
        until = self.caller.until
        return (until is None or time.time() < until) and self.access.still_admits(self.caller)


@dataclass(eq=False)
class UnderWay:
    """One answer under way.

    Attributes:
        cutting: ends it.
        right: None: anybody's.
        is_taken: whether its right was taken away.
    """

    right: Right | None = None
    cutting: trio.CancelScope = field(default_factory=trio.CancelScope)
    is_taken: bool = False

    def take(self) -> None:
        """End it, since its right was taken away."""
        self.is_taken = True
        self.cutting.cancel()


class RightsWatch:
    """Looks after the rights of the answers under way.

    Args:
        under_way: returns the answers.
        access: that is in force.
        judge: that is in force.
    """

    def __init__(self, under_way: Callable[[], list[UnderWay]], access: Access, judge: Judge | None) -> None:
        self._under_way = under_way
        self._access = access
        self._judge = judge
        self._replaced = trio.Event()
        self._renewing: set[UnderWay] = set()

    def replace(self, access: Access, judge: Judge | None) -> None:
        """Have all answers judged by what is in force from now on."""
        self._access = access
        self._judge = judge
        self._replaced.set()

    async def run(self) -> None:
        """End answers whose right is taken away, until cancelled."""
        async with trio.open_nursery() as nursery:
            while True:
                with trio.move_on_after(LOOK_AGAIN):
                    await self._replaced.wait()
                self._replaced = trio.Event()
                await self._look(nursery)

    async def _look(self, nursery: trio.Nursery) -> None:
        proved: dict[object, bool] = {}
        for one in self._under_way():
            if (right := one.right) is None or one.is_taken:
                continue
            if right.access is not self._access:
                if one not in self._renewing:
                    nursery.start_soon(self._renew, one, right)
                continue
            if right.proof not in proved:
                proved[right.proof] = right.is_proved()
                if not len(proved) % AT_A_TIME:
                    await trio.lowlevel.checkpoint()
            if not proved[right.proof]:
                one.take()

    async def _renew(self, one: UnderWay, right: Right) -> None:
        """Admit a caller anew, by what is in force, and end his answer if he would be shown less."""
        access, judge = self._access, self._judge
        with self._being_renewed(one):
            try:
                caller = await access.admit(right.scope)
                if right.judge and judge and await judge.shows_less(right.query, caller, right.judge, right.admitted):
                    one.take()
                right.caller, right.access = caller, access
            except Refusal as refusal:
                if refusal.status != HTTPStatus.SERVICE_UNAVAILABLE:  # else nobody knows; he is asked about again
                    one.take()
            except Exception:
                _log.exception("it cannot be found out whether a caller may still read an answer: it ends")
                one.take()

    @contextmanager
    def _being_renewed(self, one: UnderWay) -> Iterator[None]:
        self._renewing.add(one)
        try:
            yield
        finally:
            self._renewing.discard(one)
