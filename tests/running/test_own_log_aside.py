"""The directory of the agent's own log, as settings name it, is none that questions about all logs find."""

from __future__ import annotations

from pathlib import Path

from trio.testing import MockClock

from testbed.reloadable import reloadable


async def test_questions_about_all_logs_leave_it_out_as_long_as_it_is_written_to(
    autojump_clock: MockClock, tmp_path: Path
) -> None:
    (tmp_path / "app.log").write_text("one\n")
    own = tmp_path / "logagent"
    own.mkdir()
    (own / "web-1.log").write_text("two\n")
    for directory, found in ((own, "one"), (None, "one two")):
        async with reloadable(tmp_path, log_directory=directory) as it, it.client() as client:
            everything = await client.get("/logs?filename=**/*")
            named = await client.get("/logs?filename=logagent/*")
        assert sorted(everything.text.split()) == found.split()
        assert named.text == "two\n"
