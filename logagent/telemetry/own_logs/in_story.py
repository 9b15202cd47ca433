"""What any code tells while it works for a request: with the trace of that, and without what was searched for."""

from __future__ import annotations

import re

from logagent.core.query import Query
from logagent.core.wire.trace import trace_id
from logagent.telemetry.hook import Story
from logagent.telemetry.own_logs.told import Told
from logagent.telemetry.own_logs.veiling import VEIL, veiled

_FRAME = re.compile(r'(?P<margin>[\s|+-]*)File "')
_HEAD = re.compile(
    r"[\s|+-]*(Exception Group )?Traceback |During handling |The above exception |[\s|+-]*-{10,}( \d+ -+)?$"
)
_BLANK = re.compile(r"[\s|]*$")


def in_story(told: Told, story: Story) -> Told:
    """Return what was told as a part of a story, whose trace id it gets; outside of all stories, as it is.

    The messages of exceptions in a traceback may quote anything, so words of the question are taken out of them, and as
    long as it is not understood, all of them are.
    """
    if not story.trace:
        return told
    fields = {"trace_id": trace_id(story.trace), **told.fields}
    if "error" in fields:
        fields["error"] = without_messages(fields["error"], story.query)
    return told._replace(fields=fields)


def without_messages(traceback: str, query: Query | None) -> str:
    """Return a traceback whose exceptions say nothing of what was searched for.

    Args:
        traceback: as Python writes it.
        query: the question; None: it was not understood.
    """
    kept: list[str] = []
    code, is_message = "", False
    for line in traceback.splitlines():
        if frame := _FRAME.match(line):
            code, is_message = f"{frame['margin']}  ", False
            kept.append(line)
        elif _HEAD.match(line) or (code and line.startswith(code)):
            is_message = False
            kept.append(line)
        elif _BLANK.match(line):
            kept.append(line)
        else:
            kept.append(_message(line, query, goes_on=is_message))
            code, is_message = "", True
    return "\n".join(kept)


def _message(line: str, query: Query | None, *, goes_on: bool) -> str:
    if query is not None:
        return veiled(line, query)
    kind, colon, _ = line.partition(": ")
    return VEIL if goes_on else f"{kind}{colon}{VEIL if colon else ''}"
