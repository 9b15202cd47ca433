"""By which name and by which way another agent asks this one: it may mean another, or have asked already."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus

from quart import request

from logagent.core.wire.identity import ASKED_AS_HEADER, BadIdentity, Identity, from_header
from logagent.core.wire.through import (
    LOOP,
    REFUSED_HEADER,
    THROUGH_HEADER,
    BadThrough,
    NotAgain,
    Through,
    through_from_header,
)
from logagent.telemetry.hook import current
from logagent.web.documents import Refusal
from logagent.web.tracing import leave_untold


def refuse_misdirected(own: Identity) -> None:
    """Refuse an agent that means another one, or that asks itself; it learns who answers from the header."""
    asked_as = request.headers.get(ASKED_AS_HEADER)
    if asked_as is None:
        return
    try:
        asked = from_header(asked_as)
    except BadIdentity as error:
        raise Refusal(400, f"{ASKED_AS_HEADER}: {error}") from None
    if asked.name != own.name or asked.id == own.id:
        leave_untold(request.scope)  # else a list of agents that names this one, too, would give a line a question
        current().asks_itself = asked.id == own.id
        by = "by itself" if asked.id == own.id else f"as {asked.name}"
        raise Refusal(421, f"this agent is {own.name}, and was asked {by}")


def way_of_question() -> Through | None:
    """Return by which way the question of the current request came; None: through no agent that says so."""
    told = request.headers.get(THROUGH_HEADER)
    if told is None:
        return None
    try:
        return through_from_header(told)
    except BadThrough as error:
        raise Refusal(400, f"{THROUGH_HEADER}: {error}") from None


@contextmanager
def refusing_twice() -> Iterator[None]:
    """Refuse a question that is answered for another way already, in words that the agent that asks knows."""
    try:
        yield
    except NotAgain as again:
        leave_untold(request.scope)  # the answer that is given tells all
        told = "it came through this agent before" if again.word == LOOP else "it is answered for another way"
        detail = f"this question is not answered: {told}"
        raise Refusal(HTTPStatus.MISDIRECTED_REQUEST, detail, {REFUSED_HEADER: again.word}) from None
