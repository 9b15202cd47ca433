"""Bar charts: bars as long as their counts, hosts by colour, gaps, and the reader's own time."""

from __future__ import annotations

import re
from datetime import UTC, tzinfo
from zoneinfo import ZoneInfo

import pytest
import trio
from hypothesis import given
from hypothesis import strategies as st

from logagent.core.batch import SIGN_OF_LIFE, Batch
from logagent.core.hits.histogram import Histogram
from logagent.core.outcome import Outcome
from logagent.core.units import DAY, HOUR, MILLISECOND, MINUTE, SECOND
from logagent.terminal import chart
from logagent.terminal.chart import Chart, draw
from logagent.terminal.colors import color_of
from testbed.counts import counts


def drawn(*batches: Batch, step: int = MINUTE, width: int = 40, zone: tzinfo = UTC, color: bool = False) -> list[str]:
    histogram = Histogram(step)
    for batch in batches:
        histogram.add(batch)
    return draw(histogram, width=width, zone=zone, color=color).splitlines()


def test_bars_are_as_long_as_their_counts_to_an_eighth_of_a_column() -> None:
    assert drawn(counts((0, 160), (MINUTE, 80), (2 * MINUTE, 1), (3 * MINUTE, 85))) == [
        "1970-01-01 00:00 ███████████████████ 160",
        "1970-01-01 00:01 █████████▌           80",
        "1970-01-01 00:02 ▏                     1",
        "1970-01-01 00:03 ██████████▏          85",
        "by 1m, in UTC: web-1 326",
    ]


def test_empty_buckets_are_rows_and_many_of_them_are_dots() -> None:
    few, many = chart.MOST_EMPTY * MINUTE, chart.MOST_EMPTY * MINUTE + MINUTE
    rows = drawn(counts((0, 1), (few + MINUTE, 1), (few + many + 2 * MINUTE, 1)), width=36)
    assert [row[11:16] for row in rows[:-1]] == ["00:00", *(f"00:0{n}" for n in range(1, 6)), "00:06", "", "00:13"]
    assert rows[1].endswith(" 0")
    assert rows[7] == "..."


def test_lines_without_times_have_a_row_of_their_own() -> None:
    assert drawn(counts((0, 1)), counts((0, 2), timed=False), width=30)[1:] == [
        "no time          ███████████ 2",
        "by 1m, in UTC: web-1 3",
    ]


def test_hosts_are_told_apart_by_colours() -> None:
    bar, legend = drawn(counts((0, 1)), counts((0, 3), host="db-2"), width=29, color=True)
    web, db = (f"\x1b[38;5;{color_of(host)}m" for host in ("web-1", "db-2"))
    assert bar == f"1970-01-01 00:00 {db}████████\x1b[0m{web}██\x1b[0m 4"
    assert legend == f"by 1m, in UTC: {db}█\x1b[0m db-2 3, {web}█\x1b[0m web-1 1"


@given(
    rows=st.lists(st.tuples(st.integers(0, 9), st.sampled_from("abc"), st.integers(1, 10**6)), min_size=1, max_size=9),
    width=st.integers(1, 120),
    color=st.booleans(),
)
def test_all_rows_are_of_one_width_and_every_count_is_seen(
    rows: list[tuple[int, str, int]], width: int, color: bool
) -> None:
    *lines, _ = drawn(*(counts((n * MINUTE, lines), host=host) for n, host, lines in rows), width=width, color=color)
    plain = [re.sub("\x1b[^m]*m", "", line) for line in lines if line != "..."]
    assert len(set(map(len, plain))) == 1
    assert all((set(line[17:]) & set("▏▎▍▌▋▊▉█") != set()) == (line.split()[-1] != "0") for line in plain)
    assert len(plain[0]) == max(width, len(plain[0].split()[-1]) + 18 + chart.LEAST_BAR) or len(plain[0]) >= width


@pytest.mark.parametrize(
    ("start", "step", "label"),
    [
        (0, DAY, "1970-01-01 01:00"),
        (23 * HOUR, HOUR, "1970-01-02 00:00"),
        (5 * SECOND, SECOND, "1970-01-01 01:00:05"),
        (1500 * MILLISECOND, 500 * MILLISECOND, "1970-01-01 01:00:01.500"),
        (-(2**63) * 1000, SECOND, "@-9223372036855"),
    ],
)
def test_times_are_the_readers_own_and_as_exact_as_the_step(start: int, step: int, label: str) -> None:
    rows = drawn(counts((start - start % step, 1), step=step), step=step, zone=ZoneInfo("Europe/Berlin"))
    assert rows[0].partition(" █")[0].startswith(label)
    assert rows[1].startswith(f"by {rows[1].split()[1]} in Europe/Berlin: ")


def test_days_are_named_without_a_clock_where_they_begin_at_midnight() -> None:
    assert drawn(counts((DAY, 1), step=DAY), step=DAY)[0].startswith("1970-01-02 █")


def test_host_names_command_no_terminal() -> None:
    assert drawn(counts((0, 1), host="a\x1b[2J\n\udcff"))[1] == r"by 1m, in UTC: a\x1b[2J\x0a\xff 1"


def test_a_chart_is_printed_at_the_end() -> None:
    written: list[bytes] = []

    async def write(data: bytes) -> None:
        written.append(data)

    async def show() -> Chart:
        printer = Chart(write, MINUTE, width=30, zone=UTC, color=False)
        for batch in (counts((0, 3)), SIGN_OF_LIFE):
            await printer.send(batch)
        assert written == []
        await printer.end(Outcome())
        return printer

    assert trio.run(show).lines == 3
    assert b"".join(written).decode().splitlines()[-1] == "by 1m, in UTC: web-1 3"


def test_a_chart_of_nothing_is_nothing() -> None:
    assert drawn() == []


@pytest.mark.parametrize(
    ("environ", "columns"), [({"COLUMNS": "132"}, 132), ({"COLUMNS": "0"}, 80), ({"COLUMNS": "x"}, 80), ({}, 80)]
)
def test_a_pipe_is_as_wide_as_columns_says(environ: dict[str, str], columns: int) -> None:
    assert chart.width(environ, terminal=False) == columns
