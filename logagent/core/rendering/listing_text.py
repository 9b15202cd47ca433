"""A listing as the text of its JSON document, log by log: what was written of a log once is kept with it.

An agent lists thousands of logs, few of which have changed since they were listed last. To write one takes 20 µs, and
all at once would keep every other thread waiting for as long.
"""

from __future__ import annotations

import json

from logagent.core.rendering.json_text import without_line_breaks
from logagent.core.wire.listing import ListedLog, Listing, around_logs, log_to_json

_EMPTY = '"files": []'


def listing_text(listing: Listing) -> bytes:
    """Return the text of the JSON document of a listing, as `json.dumps` writes it, without line breaks."""
    around = without_line_breaks(json.dumps(around_logs(listing), ensure_ascii=False))
    before, empty, behind = around.partition(_EMPTY.encode())
    return b"%b%b%b]%b" % (before, empty[:-1], b", ".join(map(_text_of, listing.logs)), behind)


def _text_of(log: ListedLog) -> bytes:
    if not log.written:
        log.written.append(without_line_breaks(json.dumps(log_to_json(log), ensure_ascii=False)))
    return log.written[0]
