"""Notices of an answer under way."""

from __future__ import annotations

import io
from dataclasses import replace

from logagent.core.batch import SIGN_OF_LIFE, Notice
from logagent.core.outcome import Status
from logagent.terminal.notices import NoticePrinter
from logagent.terminal.progress import Progress
from logagent.terminal.streams import Streams
from testbed.reading import Collected


async def test_notices_go_to_standard_error_and_batches_on() -> None:
    stderr, out = io.StringIO(), Collected()
    streams = Streams(io.BytesIO(), stderr)  # type: ignore[arg-type]  # nothing is written to it
    notices = (Notice("web-2", Status.UNAVAILABLE, "lost: gone"), Notice("", Status.OK, "back after 1.0 s"))
    batch = replace(SIGN_OF_LIFE, notices=notices)
    await NoticePrinter(out, Progress(None, shared=False), streams, "http://web-1").send(batch)
    assert stderr.getvalue() == "logagent: web-2: lost: gone\nlogagent: http://web-1: back after 1.0 s\n"
    assert out.batches == [batch]
