"""What an agent says in `/healthz`, judged: whether it is one, and the right one, and whether its clock is right."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any

from logagent import __version__
from logagent.core.escapes import in_line
from logagent.core.times import moments
from logagent.core.units import SECOND
from logagent.core.wire.frames import VERSION_HEADER
from logagent.core.wire.identity import AGENT_HEADER, BadIdentity, from_header
from logagent.peers.takers import takes_callers, version_in
from logagent.terminal.doctor.steps import Peer, State, Step, StepFailed

APART = 1.0
"""Seconds that two clocks may be apart: lines of two hosts are merged by their times."""
_LONGEST = 200
"""Characters of what a stranger says that are repeated."""


@dataclass(frozen=True, slots=True)
class ToldHealth:
    """One answer to `GET /healthz`.

    Attributes:
        sent: when it was asked for, in seconds since the epoch by this machine's clock.
        took: seconds until it had come.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes
    sent: float
    took: float

    @property
    def document(self) -> dict[str, Any]:
        """What it says; empty if that is no JSON object."""
        try:
            document = json.loads(self.body)
        except ValueError:
            return {}
        return document if isinstance(document, dict) else {}


def check_agent(told: ToldHealth) -> str:
    """Return how an agent answered.

    Raises:
        StepFailed: if no agent did.
    """
    if VERSION_HEADER not in told.headers:
        server = told.headers.get("server", "")[:_LONGEST]
        whose = f" (server: {in_line(server)})" if server else ""
        raise StepFailed(
            f"answers {told.status} to GET /healthz, as no agent does{whose}",
            "name the port of the agent itself, as `listen` in its settings says it; another program listens here",
        )
    if told.status >= 500:
        detail = str(told.document.get("detail", ""))[:_LONGEST]
        raise StepFailed(f"answers {told.status}{detail and ': '}{in_line(detail)}", "look into its own log there")
    return f"answered within {told.took * 1000:.1f} ms"


def check_name(told: ToldHealth, peer: Peer) -> str:
    """Return the name that the agent says it has.

    Raises:
        StepFailed: if it is listed by another one.
    """
    try:
        name = from_header(told.headers[AGENT_HEADER]).name
    except (KeyError, BadIdentity):
        name = in_line(str(told.document.get("name", ""))[:_LONGEST])
    if not name:
        return "does not say its name, as agents of the first version"
    if peer.name and name != peer.name:
        raise StepFailed(
            f"says that it is {name}, but is listed as {peer.name}",
            f"list it as {name} in {peer.where}, or set `name` in its own settings",
        )
    return name


def judge_version(told: ToldHealth) -> Step:
    """Return the step that compares the agent's version with this one."""
    version = in_line(version_in(told.headers))
    theirs, ours = _numbers(version), _numbers(__version__)
    if not theirs or theirs == ours:
        return Step("version", State.OK, version)
    older = theirs < ours
    than = f"{version}, {'older' if older else 'newer'} than {__version__} here"
    return Step("version", State.WARNING, than, f"upgrade {'that one' if older else 'this one'}")


def _numbers(version: str) -> list[int]:
    return [int(number) for number in re.findall(r"\d{1,9}", version.split("+")[0])][:3]


def check_refusals(told: ToldHealth, *, rules: bool) -> str:
    """Return whether the agent answers this one.

    Args:
        rules: whether this host has rules, so that it asks only agents that take callers.

    Raises:
        StepFailed: if it does not.
    """
    detail = told.document.get("refuses") or (told.document.get("detail", "") if told.status != 200 else "")
    if detail or told.status != 200:
        status = "" if told.status == 200 else f"answers {told.status}: "
        mend = "show it what it asks for; on that host, `logagent access explain` says which rule decides"
        raise StepFailed(f"{status}{in_line(str(detail)[:_LONGEST]) or 'refuses'}", mend)
    takes = takes_callers(told.headers)
    if rules and not takes:
        raise StepFailed("does not take the caller's identity, which rules here need", "upgrade the agent there")
    return "none, and takes callers" if takes else "none"


def check_clock(told: ToldHealth) -> str:
    """Return how far apart the clocks are.

    Raises:
        StepFailed: if they are apart by more than a second, whatever the network took.
    """
    least, most = _apart(told)
    if least > APART or most < -APART:
        by, which = (least, "ahead of") if least > 0 else (-most, "behind")
        raise StepFailed(
            f"its clock is at least {by:.1f} s {which} this one's",
            "have both hosts keep time: `timedatectl` says whether one is synchronized",
        )
    if most == -least == float("inf"):
        return "not known: it tells no time"
    return f"apart by {max(abs(least), abs(most)):.3f} s at most"


def _apart(told: ToldHealth) -> tuple[float, float]:
    """Return the bounds between which the clock there is ahead of this one, in seconds.

    The answer was written between the moment of asking and the moment when it had come. A date of HTTP has whole
    seconds.
    """
    text = told.document.get("time")
    exact = moments.read(text, 0) if isinstance(text, str) else None
    if exact is not None:
        there, within = exact / SECOND, 0.0
    else:
        try:
            there, within = parsedate_to_datetime(told.headers.get("date", "")).timestamp(), 1.0
        except ValueError:
            return -float("inf"), float("inf")
    return there - (told.sent + told.took), there + within - told.sent
