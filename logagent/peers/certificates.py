"""The certificates that other agents show, where they end soon: a note of an answer."""

from __future__ import annotations

import time

import httpx

from logagent.core.notes import Note, NoteKind
from logagent.core.wire.certificates import ending
from logagent.peers.client.http_client import certificate_ends


def certificate_notes(response: httpx.Response, host: str | None) -> tuple[Note, ...]:
    """Return a note if the certificate of the agent that responds ends soon.

    Args:
        host: the agent's name; None: it is not one host that answers, and nothing is noted.
    """
    ends = certificate_ends(response)
    told = "" if host is None or ends is None else ending(host, ends, time.time())
    return (Note(NoteKind.CERTIFICATE, (told,), 1, host or ""),) if told else ()
