"""The text of a listing is that of its document, whatever is in it."""

from __future__ import annotations

import json

import pytest

from logagent.core.notes import Note
from logagent.core.outcome import HostOutcome, Status
from logagent.core.rendering.json_text import without_line_breaks
from logagent.core.rendering.listing_text import listing_text
from logagent.core.wire.listing import ListedFile, ListedLog, Listing, to_json

FILE = ListedFile('a "files": [] \u2028\udcff.log', 10, 1_700_000_000_000_000_001)
LOGS = tuple(ListedLog(f"web-{number}", FILE.name, (FILE,) * number, 1, None, ("iso",)) for number in range(1, 4))
HOSTS = (HostOutcome('"files": []', Status.UNAVAILABLE, "\u2028"),)


@pytest.mark.parametrize("logs", [(), LOGS[:1], LOGS])
def test_it_is_what_json_writes_the_first_time_and_again(logs: tuple[ListedLog, ...]) -> None:
    listing = Listing(logs, HOSTS, (Note("link", ("out.log",), 1, "web-1"),), "0123")
    expected = without_line_breaks(json.dumps(to_json(listing), ensure_ascii=False))
    assert [listing_text(listing), listing_text(listing)] == [expected, expected]
