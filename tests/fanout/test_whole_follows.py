"""Follows through the whole stack, on a virtual clock: what was there, what is written, and what happens to files."""

from __future__ import annotations

import gzip
import os
from pathlib import Path

import pytest
import trio
from trio.testing import MockClock

from testbed.cluster import Cluster, start_cluster
from testbed.reading import joined
from testbed.whole_follows import SETTLED, Following, append, following


def line(second: int, text: str = "") -> bytes:
    return b"2026-11-25T10:00:%02dZ %d%b" % (second, second, text.encode())


def texts(*seconds: int) -> list[str]:
    return [line(second).decode() for second in seconds]


async def test_earlier_lines_come_first_then_live_ones(tmp_path: Path, autojump_clock: MockClock) -> None:
    async with start_cluster(tmp_path, {"web": [line(1), line(2), line(3)]}) as it:
        async with following(it, "filename=app.log&n=2") as follow:
            assert follow.lines == texts(2, 3)
            append(it.file("web"), line(4))
            await trio.sleep(SETTLED)
            assert follow.lines == texts(2, 3, 4)


async def test_without_n_only_live_lines_come(tmp_path: Path, autojump_clock: MockClock) -> None:
    async with start_cluster(tmp_path, {"web": [line(1)]}) as it:
        async with following(it) as follow:
            append(it.file("web"), line(2))
            await trio.sleep(SETTLED)
            assert follow.lines == texts(2)


async def test_since_gives_all_from_then_on(tmp_path: Path, autojump_clock: MockClock) -> None:
    async with start_cluster(tmp_path, {"web": [line(1), line(2), line(3)]}) as it:
        async with following(it, "filename=app.log&since=2026-11-25T10:00:02Z") as follow:
            append(it.file("web"), line(4))
            await trio.sleep(SETTLED)
            assert follow.lines == texts(2, 3, 4)


async def test_hosts_are_merged_within_patience(tmp_path: Path, autojump_clock: MockClock) -> None:
    async with start_cluster(tmp_path, {"web0": [line(0)], "web1": [line(0)]}) as it:
        async with following(it, "filename=app.log&patience=1s") as follow:
            append(it.file("web0"), line(5))
            await trio.sleep(0.5)
            append(it.file("web1"), line(4))
            await trio.sleep(SETTLED)
            assert follow.lines == texts(4, 5)
            append(it.file("web0"), line(7))
            await trio.sleep(2)
            append(it.file("web1"), line(6))
            await trio.sleep(SETTLED)
            assert follow.lines[2:] == texts(7, 6)  # held no longer than that, and nothing is lost


async def test_a_renamed_file_is_read_to_its_end_first(tmp_path: Path, autojump_clock: MockClock) -> None:
    async with start_cluster(tmp_path, {"web": [line(1)]}) as it:
        async with following(it) as follow:
            path = it.file("web")
            append(path, line(2))
            path.rename(path.with_suffix(".log.1"))
            append(path.with_suffix(".log.1"), line(3))
            append(path, line(4))
            await trio.sleep(SETTLED)
            assert follow.lines == texts(2, 3, 4)


async def test_several_rotations_between_two_looks(tmp_path: Path, autojump_clock: MockClock) -> None:
    async with start_cluster(tmp_path, {"web": [line(1)]}) as it:
        async with following(it) as follow:
            path = it.file("web")
            append(path, line(2))
            path.rename(path.with_suffix(".log.3"))
            append(path.with_suffix(".log.2"), line(3))
            append(path.with_suffix(".log.1"), line(4))
            append(path, line(5))
            await trio.sleep(SETTLED)
            assert follow.lines == texts(2, 3, 4, 5)


async def test_copytruncate_goes_on_in_the_copy(tmp_path: Path, autojump_clock: MockClock) -> None:
    async with start_cluster(tmp_path, {"web": [line(1)]}) as it:
        async with following(it) as follow:
            path = it.file("web")
            append(path, line(2))
            path.with_suffix(".log.1").write_bytes(path.read_bytes())
            with path.open("r+b") as file:
                file.truncate(0)
            append(path, line(3))
            await trio.sleep(SETTLED)
            assert follow.lines == texts(2, 3)
            assert follow.notices == []


async def test_a_file_that_was_written_anew_is_told_from_one_that_grew(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with start_cluster(tmp_path, {"web": [line(1)]}) as it:
        async with following(it) as follow:
            it.file("web").write_bytes(joined([line(5), line(6), line(7)]))
            await trio.sleep(SETTLED)
            assert follow.lines == texts(5, 6, 7)
            assert [notice["status"] for notice in follow.notices] == [0]
            assert "truncated" in follow.notices[0]["message"]


async def test_a_deleted_file_that_is_made_again(tmp_path: Path, autojump_clock: MockClock) -> None:
    async with start_cluster(tmp_path, {"web": {"app.log": joined([line(1)]), "app.log.1": joined([line(0)])}}) as it:
        async with following(it) as follow:
            os.utime(it.file("web", "app.log.1"), (1, 1))  # long before
            it.file("web").unlink()
            await trio.sleep(1)
            append(it.file("web"), line(2))
            await trio.sleep(SETTLED)
            assert follow.lines == texts(2)


async def test_half_a_line_waits_for_its_end(tmp_path: Path, autojump_clock: MockClock) -> None:
    async with start_cluster(tmp_path, {"web": [line(1)]}) as it:
        async with following(it) as follow:
            append(it.file("web"), line(2)[:10], end=b"")
            await trio.sleep(1)
            assert follow.lines == []
            append(it.file("web"), line(2)[10:])
            await trio.sleep(SETTLED)
            assert follow.lines == texts(2)


async def test_half_a_line_that_does_not_end_is_sent_and_marked(tmp_path: Path, autojump_clock: MockClock) -> None:
    async with start_cluster(tmp_path, {"web": [line(1)]}) as it:
        async with following(it) as follow:
            append(it.file("web"), b"half", end=b"")
            await trio.sleep(SETTLED)
            append(it.file("web"), b" done")
            await trio.sleep(SETTLED)
            told = [(record["line"], record.get("partial")) for record in follow.records if "line" in record]
            assert told == [("half", True), (" done", None)]


async def cursor_behind_half_a_line(it: Cluster, follow: Following) -> str:
    """Where to go on once the follow has sent half a line, which is written now."""
    append(it.file("web"), b"half", end=b"")
    await trio.sleep(SETTLED)
    return next(str(record["cursor"]) for record in follow.records if record.get("partial"))


async def test_going_on_behind_half_a_line_gives_the_rest_of_it(tmp_path: Path, autojump_clock: MockClock) -> None:
    async with start_cluster(tmp_path, {"web": [line(1)]}) as it:
        async with following(it, "filename=app.log&cursors=true") as follow:
            cursor = await cursor_behind_half_a_line(it, follow)
            async with following(it, f"filename=app.log&cursor={cursor}") as beside:
                append(it.file("web"), b" more")
                await trio.sleep(SETTLED)
                assert beside.lines == [" more"]
        async with following(it, f"filename=app.log&cursor={cursor}") as later:
            append(it.file("web"), line(2))
            await trio.sleep(SETTLED)
            assert later.lines == [" more", *texts(2)]


async def test_half_a_line_that_is_still_unended_is_not_given_again(tmp_path: Path, autojump_clock: MockClock) -> None:
    async with start_cluster(tmp_path, {"web": [line(1)]}) as it:
        async with following(it, "filename=app.log&cursors=true") as follow:
            cursor = await cursor_behind_half_a_line(it, follow)
        async with following(it, f"filename=app.log&cursor={cursor}") as later:
            append(it.file("web"), b" more")
            await trio.sleep(SETTLED)
            assert later.lines == [" more"]


async def test_a_glob_picks_up_files_that_appear(tmp_path: Path, autojump_clock: MockClock) -> None:
    async with start_cluster(tmp_path, {"web": {"a.log": joined([line(1)])}}) as it:
        async with following(it, "filename=*.log") as follow:
            append(it.file("web", "b.log"), line(2))
            await trio.sleep(SETTLED)
            append(it.file("web", "b.log"), line(3))
            await trio.sleep(SETTLED)
            assert follow.lines == texts(2, 3)


async def test_a_name_that_nobody_has_is_refused_and_a_glob_waits(tmp_path: Path, autojump_clock: MockClock) -> None:
    async with start_cluster(tmp_path, {"web": {"a.log": b""}}) as it:
        async with following(it, "filename=none.log") as follow:
            assert follow.status == 404
        async with following(it, "filename=none*.log") as follow:
            append(it.file("web", "none1.log"), line(2))
            await trio.sleep(SETTLED)
            assert follow.lines == texts(2)


async def test_an_event_is_sent_after_a_short_quiet(tmp_path: Path, autojump_clock: MockClock) -> None:
    async with start_cluster(tmp_path, {"web": [line(1)]}) as it:
        async with following(it, "filename=app.log&unit=event&keyword=boom") as follow:
            append(it.file("web"), line(2), b"  at boom", b"  at last")
            await trio.sleep(SETTLED)
            assert follow.lines == [(line(2) + b"\n  at boom\n  at last").decode()]


async def test_silence_is_broken_by_heartbeats(tmp_path: Path, autojump_clock: MockClock) -> None:
    async with start_cluster(tmp_path, {"web0": [line(1)], "web1": [line(1)]}) as it:
        async with following(it, "filename=app.log&heartbeat=10s") as follow:
            await trio.sleep(35)
            assert follow.records.count({"heartbeat": True}) == 3


async def test_the_agents_stop_ends_it_and_its_cursor_goes_on_over_a_rotation(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with start_cluster(tmp_path, {"web0": [line(1)], "web1": [line(1)]}) as it:
        async with following(it) as follow:
            append(it.file("web0"), line(2))
            await trio.sleep(SETTLED)
            it.answers["web0"].cut()
            await follow.ended.wait()
            assert follow.lines == texts(2)
            assert (follow.trailers["log-status"], follow.trailers["log-complete"]) == ("14", "false")
            assert follow.trailers["log-bytes-scanned"] == str(len(line(2)) + 1)
        path = it.file("web0")
        append(path, line(3))
        path.rename(path.with_suffix(".log.1"))
        append(path, line(5))
        append(it.file("web1"), line(4))
        async with following(it, f"filename=app.log&n=10&cursor={follow.trailers['log-cursor']}") as resumed:
            append(path, line(6))
            await trio.sleep(SETTLED)
            assert resumed.lines == texts(3, 4, 5, 6)


@pytest.mark.parametrize("query", ["n=1", "n=1&keyword=4", "since=2026-11-25T10:00:00Z"])
@pytest.mark.parametrize("hosts", [1, 2])
async def test_the_bytes_that_were_gone_through_are_told(
    hosts: int, query: str, tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with start_cluster(tmp_path, {f"web{number}": [line(1), line(2)] for number in range(hosts)}) as it:
        async with following(it, f"filename=app.log&{query}&timeout=60s") as follow:
            append(it.file("web0"), line(3))
            await trio.sleep(SETTLED)
            append(it.file("web0"), line(4))
            await follow.ended.wait()
    assert int(follow.trailers["log-bytes-scanned"]) == (2 * hosts + 2) * len(line(1) + b"\n")


async def test_a_host_that_the_cursor_does_not_know_is_told_of(tmp_path: Path, autojump_clock: MockClock) -> None:
    async with start_cluster(tmp_path, {"web0": [line(1)], "web1": [line(1)]}) as it:
        async with following(it, "filename=app.log&hostname=web0&timeout=1s") as follow:
            await follow.ended.wait()
        cursor = follow.trailers["log-cursor"]
        append(it.file("web1"), line(2))
        async with following(it, f"filename=app.log&cursor={cursor}") as resumed:
            append(it.file("web1"), line(3))
            await trio.sleep(SETTLED)
            assert resumed.lines == texts(3)
            (notice,) = resumed.notices
            assert (notice["host"], notice["status"]) == ("web1", 0)
            assert "is not in the cursor" in notice["message"]


@pytest.mark.parametrize("most", [65, 66, 67, 99])
async def test_max_bytes_gives_the_lines_that_fit_and_where_to_go_on(
    most: int, tmp_path: Path, autojump_clock: MockClock
) -> None:
    """Though they come in one piece with others."""
    async with start_cluster(tmp_path, {"web": [line(1)]}) as it:
        size = len(line(2)) + 1
        async with following(it, f"filename=app.log&max_bytes={most}") as follow:
            append(it.file("web"), line(2), line(3), line(4), line(5), line(6))
            await follow.ended.wait()
        assert follow.lines == texts(*range(2, 2 + most // size))
        assert follow.trailers["log-status"] == "8"
        async with following(it, f"filename=app.log&cursor={follow.trailers['log-cursor']}") as resumed:
            assert follow.lines + resumed.lines == texts(2, 3, 4, 5, 6)


async def test_a_timeout_ends_it_with_a_cursor(tmp_path: Path, autojump_clock: MockClock) -> None:
    async with start_cluster(tmp_path, {"web": [line(1)]}) as it:
        async with following(it, "filename=app.log&timeout=60s") as follow:
            await trio.sleep(60)
            assert follow.trailers["log-status"] == "4"
            assert follow.trailers["log-cursor"]


async def test_a_lost_host_is_told_of_and_comes_back(tmp_path: Path, autojump_clock: MockClock) -> None:
    async with start_cluster(tmp_path, {"web0": [line(1)], "web1": [line(1)]}) as it:
        async with following(it) as follow:
            append(it.file("web1"), line(2))
            await trio.sleep(SETTLED)
            it.answers["web1"].cut()
            append(it.file("web1"), line(3))
            await trio.sleep(SETTLED)
            assert follow.lines == texts(2, 3)
            assert [(notice["host"], notice["status"]) for notice in follow.notices] == [("web1", 14), ("web1", 0)]


async def test_a_host_that_is_down_while_others_are_caught_up_tells_all_since_when_it_is_back(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with start_cluster(tmp_path, {"web0": [line(1)], "web1": [line(0), line(2)]}) as it:
        it.kill("web1")
        async with following(it, "filename=app.log&since=2026-11-25T10:00:01Z") as follow:
            assert follow.lines == texts(1)
            it.revive("web1")
            append(it.file("web1"), line(3))
            await trio.sleep(30)
            assert follow.lines == texts(1, 2, 3)


@pytest.mark.parametrize("names", ["filename=app.log.gz", "filename=*"])
async def test_an_archive_begins_with_its_last_lines_and_goes_on_with_what_is_appended(
    names: str, tmp_path: Path, autojump_clock: MockClock
) -> None:
    old = gzip.compress(joined([line(second) for second in range(5)]))
    async with start_cluster(tmp_path, {"web0": {"app.log.gz": old}, "web1": {"app.log.gz": old}}) as it:
        async with following(it, f"{names}&n=2&cursors=true") as follow:
            assert follow.lines == texts(4, 4)
            with it.file("web1", "app.log.gz").open("ab") as file:
                file.write(gzip.compress(joined([line(7)])))
            await trio.sleep(SETTLED)
            assert follow.lines == texts(4, 4, 7)
            assert follow.notices == []
            cursors = [record["cursor"] for record in follow.records if "line" in record]
        with it.file("web0", "app.log.gz").open("ab") as file:
            file.write(gzip.compress(joined([line(8)])))
        for place, expected in ((0, (4, 7, 8)), (1, (7, 8)), (2, (8,))):
            async with following(it, f"{names}&cursor={cursors[place]}") as follow:
                assert follow.lines == texts(*expected)
                with it.file("web0", "app.log.gz").open("ab") as file:
                    file.write(gzip.compress(b""))
        async with following(it, f"{names}&cursor={cursors[-1]}") as follow:
            await trio.sleep(SETTLED)
            assert (follow.lines, follow.notices) == (texts(8), [])


async def test_of_an_archive_alone_a_cursor_without_lines_misses_nothing(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with start_cluster(tmp_path, {"web0": {"app.log.gz": gzip.compress(joined([line(1)]))}}) as it:
        reply = await it.ask("follow=true&filename=app.log.gz&timeout=1")
        with it.file("web0", "app.log.gz").open("ab") as file:
            file.write(gzip.compress(joined([line(2)])))
        async with following(it, f"filename=app.log.gz&cursor={reply.trailers['log-cursor']}") as follow:
            assert (follow.lines, follow.notices) == (texts(2), [])


async def test_an_archive_that_turns_up_is_not_sent_and_told(tmp_path: Path, autojump_clock: MockClock) -> None:
    async with start_cluster(tmp_path, {"web0": {"app.log": joined([line(1)])}}) as it:
        async with following(it, "filename=*") as follow:
            it.file("web0", "bomb.gz").write_bytes(gzip.compress(bytes(1 << 20)))
            it.file("web0", "old.gz").write_bytes(gzip.compress(line(2)))
            await trio.sleep(SETTLED)
            assert follow.lines == []
            told = sorted(notice["message"].partition(": ")[0] for notice in follow.notices)
            assert (told, {notice["status"] for notice in follow.notices}) == (["bomb.gz", "old.gz"], {0})
