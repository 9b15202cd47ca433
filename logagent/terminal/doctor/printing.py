"""What was found, printed: for people in 80 columns, or as JSON."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Sequence

from logagent.core.escapes import in_line
from logagent.terminal.doctor.steps import Examination, State, Step

WIDTH = 80
"""Columns of the text."""
_INDENT = " " * 25
_MARKS = {State.OK: "ok", State.WARNING: "warning", State.FAILED: "FAILED", State.NOT_TRIED: "not tried"}


def text(found: Sequence[Examination]) -> str:
    """Return what was found as text: a heading for each peer, a line for each step, and what mends one below it."""
    return "".join(_peer(each) for each in found) + _summary(found) + "\n"


def _peer(found: Examination) -> str:
    heading = " ".join(filter(None, [found.peer.name, found.peer.url]))
    tried = [line for step in found.steps if step.state is not State.NOT_TRIED for line in _step(step)]
    rest = ", ".join(step.name for step in found.steps if step.state is State.NOT_TRIED)
    lines = [in_line(heading), *tried, *(_wrapped(f"  {_MARKS[State.NOT_TRIED]}", rest) if rest else ())]
    return "\n".join(lines) + "\n\n"


def _step(step: Step) -> list[str]:
    head = f"  {step.name:<12}{_MARKS[step.state]:<11}"
    lines = _wrapped(head, in_line(step.said))
    return [*lines, *_wrapped(_INDENT[:-6] + "mend: ", in_line(step.mend))] if step.mend else lines


def _wrapped(head: str, said: str) -> list[str]:
    if not said:
        return [head.rstrip()]
    width = WIDTH - len(_INDENT)
    lines = textwrap.wrap(said, width, break_long_words=True, break_on_hyphens=False)
    return [f"{head.ljust(len(_INDENT))}{lines[0]}", *(f"{_INDENT}{line}" for line in lines[1:])]


def _summary(found: Sequence[Examination]) -> str:
    failing = [(each.peer.name or each.peer.url, each.failing) for each in found]
    bad = [f"{name} ({step.name})" for name, step in failing if step is not None]
    if not bad:
        return f"all well: {len(found)} of {len(found)} reached"
    return "\n".join(textwrap.wrap(f"{len(bad)} of {len(found)} not well: {', '.join(bad)}", WIDTH))


def document(found: Sequence[Examination]) -> str:
    """Return what was found as JSON."""
    peers = [
        {
            "name": each.peer.name,
            "url": each.peer.url,
            "well": each.failing is None,
            "steps": [
                {"step": step.name, "state": step.state.value, "said": step.said, "mend": step.mend}
                for step in each.steps
            ],
        }
        for each in found
    ]
    return json.dumps({"well": all(each.failing is None for each in found), "peers": peers}) + "\n"
