"""By which name another agent asks this one: it may mean another, or be this one itself."""

from __future__ import annotations

from quart import request

from logagent.core.wire.identity import ASKED_AS_HEADER, BadIdentity, Identity, from_header
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
