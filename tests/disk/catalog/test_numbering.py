"""What numbered files hold decides whether they are generations, and in which order."""

from __future__ import annotations

import gzip
import os
from pathlib import Path

import pytest

from logagent.core.units import SECOND
from logagent.disk.catalog.catalog import Catalog
from logagent.disk.catalog.numbering import JUST_RENAMED
from testbed.trees import Unprivileged, contents, found, settled_catalog

HOUR = 3600
NOON = 1_795_867_200
"""2026-11-28T12:00:00Z."""


def written(root: Path, **files: str | float) -> Path:
    """Files that hold the lines of some hours of that day (`10-11`), and those that were modified so many hours ago."""
    for name, hours in files.items():
        path = root / name.replace("_", ".")
        if isinstance(hours, str):
            lines = [f"2026-11-28 {hour}:{minute:02}:00 line\n" for hour in hours.split("-") for minute in (0, 30)]
            path.write_text("".join(lines))
            os.utime(path, (NOON, NOON))
        else:
            path.write_text("line\n")
            os.utime(path, (NOON - hours * HOUR, NOON - hours * HOUR))
    return root


@pytest.mark.parametrize(
    ("modified", "order"),
    [
        ((1, 2, 3, 4), "1234"),
        ((4, 3, 2, 1), "4321"),
        ((2, 1, 5, 4), "2143"),
        ((2, 1, 3, 4), "1234"),
        ((1, 3, 2, 4), "1234"),
        ((3, 2, 1, 4), "3214"),
        ((1, 4, 3, 2), "1432"),
        ((4, 1, 2, 3), "1234"),
        ((2, 2, 2, 2), "1234"),
        ((2, 1, 1, 1), "1234"),
        ((1.002, 1.0015, 1.001, 1.0005), "4321"),
        ((1.00004, 1.00003, 1.00002, 1.00001), "1234"),
    ],
)
def test_modification_times_that_clearly_rise_with_the_numbers_decide(
    tmp_path: Path, modified: tuple[float, ...], order: str
) -> None:
    written(tmp_path, app_log=0.0, **{f"app_log_{number}": hours for number, hours in enumerate(modified, 1)})
    assert found(tmp_path, "app.log") == {"app.log": ["app.log", *(f"app.log.{number}" for number in order)]}


@pytest.mark.parametrize(
    ("hours", "order"),
    [
        (("09", "10", "11"), "321"),
        (("11", "10", "09"), "123"),
        (("10", "11", "09"), "213"),
        (("11", "09", "10"), "132"),
    ],
)
def test_first_times_decide_where_the_modification_times_are_equal(
    tmp_path: Path, hours: tuple[str, ...], order: str
) -> None:
    written(tmp_path, app_log="12", **{f"app_log_{number}": hour for number, hour in enumerate(hours, 1)})
    assert found(tmp_path, "app.log") == {"app.log": ["app.log", *(f"app.log.{number}" for number in order)]}


def test_first_times_go_before_modification_times_that_say_otherwise(tmp_path: Path) -> None:
    written(tmp_path, app_log="12", app_log_1="11", app_log_2="10")
    os.utime(tmp_path / "app.log.1", (NOON - HOUR, NOON - HOUR))
    assert found(tmp_path, "app.log") == {"app.log": ["app.log", "app.log.1", "app.log.2"]}


def test_compressed_generations_are_ordered_by_their_first_times(tmp_path: Path) -> None:
    for number, hour in ((1, "09"), (2, "10"), (3, "11")):
        path = tmp_path / f"app-{number}.log.gz"
        path.write_bytes(gzip.compress(f"2026-11-28 {hour}:00:00 line\n".encode()))
        os.utime(path, (NOON, NOON))
    written(tmp_path, app_log="12")
    order = ["app.log", "app-3.log.gz", "app-2.log.gz", "app-1.log.gz"]
    assert found(tmp_path, "app.log") == {"app.log": order}


def test_files_in_the_order_of_their_numbers_are_not_opened(tmp_path: Path) -> None:
    written(tmp_path, app_log=0.0, app_log_1=1.0, app_log_2=2.0)
    opened: list[str] = []

    def opener(path: str, flags: int, *, dir_fd: int | None = None) -> int:
        opened.extend([path] if not flags & (os.O_PATH | os.O_DIRECTORY) else [])
        return os.open(path, flags, dir_fd=dir_fd)

    assert contents(Catalog([tmp_path], opener=opener).find(["**/*"])) == {
        "app.log": ["app.log", "app.log.1", "app.log.2"]
    }
    assert opened == []


# Without a live file.

SCREENS = {"screenlog.0": ["screenlog.0"], "screenlog.1": ["screenlog.1"]}


@pytest.mark.parametrize("pattern", ["screenlog.*", "**/*", "screenlog"])
@pytest.mark.parametrize("hours", [("10-11", "10-11-12"), ("09-11", "10-12"), ("10-12", "11")])
def test_files_written_at_the_same_time_are_logs_of_their_own(
    tmp_path: Path, pattern: str, hours: tuple[str, str]
) -> None:
    written(tmp_path, screenlog_0=hours[0], screenlog_1=hours[1])
    os.utime(tmp_path / "screenlog.1", (NOON + 1, NOON + 1))
    assert found(tmp_path, pattern) == SCREENS


def test_files_written_at_the_same_time_are_found_without_rotated_ones_too(tmp_path: Path) -> None:
    written(tmp_path, screenlog_0="10-11", screenlog_1="10-11-12", app_log_1="09", app_log_2="10")
    assert found(tmp_path, "*", rotated=False) == SCREENS


def test_files_without_times_are_logs_of_their_own_if_modified_at_the_same_time(tmp_path: Path) -> None:
    assert found(written(tmp_path, screenlog_0=1.0, screenlog_1=1.0), "*") == SCREENS


@pytest.mark.parametrize(("modified", "order"), [((1.0, 2.0, 3.0), "012"), ((3.0, 2.0, 1.0), "210")])
def test_files_without_times_that_were_modified_in_turn_are_generations(
    tmp_path: Path, modified: tuple[float, ...], order: str
) -> None:
    written(tmp_path, **{f"app_log_{number}": hours for number, hours in enumerate(modified)})
    assert found(tmp_path, "app.log") == {"app.log": [f"app.log.{number}" for number in order]}


@pytest.mark.parametrize(("hours", "order"), [(("11", "10", "09"), "012"), (("09", "10", "11"), "210")])
def test_files_whose_lines_follow_each_other_are_generations(
    tmp_path: Path, hours: tuple[str, ...], order: str
) -> None:
    written(tmp_path, **{f"app_log_{number}": hour for number, hour in enumerate(hours)})
    assert found(tmp_path, "app.log") == {"app.log": [f"app.log.{number}" for number in order]}


def test_live_file_makes_generations_of_files_written_at_the_same_time(tmp_path: Path) -> None:
    written(tmp_path, app_log="12", app_log_1="10-11", app_log_2="10-11")
    assert found(tmp_path, "*.log") == {"app.log": ["app.log", "app.log.1", "app.log.2"]}


def test_live_file_counts_where_no_pattern_matches_it(tmp_path: Path) -> None:
    written(tmp_path, app_log="12", app_log_1="10-11", app_log_2="10-11")
    assert found(tmp_path, "app.log.*") == {"app.log": ["app.log.1", "app.log.2"]}


def test_compressed_file_shows_a_rotation(tmp_path: Path) -> None:
    written(tmp_path, app_log_1=1.0, app_log_2_gz=1.0)
    assert found(tmp_path, "app.log") == {"app.log": ["app.log.1", "app.log.2.gz"]}


def test_numbered_file_by_itself_is_a_generation(tmp_path: Path) -> None:
    assert found(written(tmp_path, app_log_1="10"), "*") == {"app.log": ["app.log.1"]}


def test_unreadable_file_leaves_the_modification_times_to_decide(shared: Path) -> None:
    written(shared, app_log="12", app_log_1="11", app_log_2="10")
    os.utime(shared / "app.log.1", (NOON - HOUR, NOON - HOUR))
    (shared / "app.log.1").chmod(0)
    with Unprivileged():
        assert found(shared, "app.log") == {"app.log": ["app.log", "app.log.2", "app.log.1"]}


# In the middle of a rotation.


def test_files_written_at_the_same_time_stay_generations_while_the_live_file_is_missing(tmp_path: Path) -> None:
    written(tmp_path, app_log="12", app_log_1="10-11", app_log_2="10-11")
    catalog = settled_catalog(tmp_path)
    catalog.find(["*"])
    (tmp_path / "app.log").unlink()
    assert contents(catalog.find(["*"])) == {"app.log": ["app.log.1", "app.log.2"]}


@pytest.mark.parametrize(("since", "logs"), [(0, 1), (JUST_RENAMED - 1, 1), (JUST_RENAMED, 2)])
def test_files_that_were_just_renamed_are_generations(tmp_path: Path, since: int, logs: int) -> None:
    """Their modification lies in the past, the change of their names does not."""
    written(tmp_path, app_log_1="10-11", app_log_2="10-11")
    (tmp_path / "app.log.2").rename(tmp_path / "app.log.3")
    renamed = max(path.stat().st_ctime_ns for path in tmp_path.iterdir())
    assert len(Catalog([tmp_path], now=lambda: renamed + since).find(["*"])) == logs


def test_files_that_are_written_to_are_not_taken_for_renamed(tmp_path: Path) -> None:
    written(tmp_path, screenlog_0="10-11", screenlog_1="10-11")
    for name in SCREENS:
        with (tmp_path / name).open("a") as file:
            file.write("more\n")
    assert contents(Catalog([tmp_path]).find(["*"])) == SCREENS


def test_file_that_was_listed_under_two_names_is_a_generation(tmp_path: Path) -> None:
    written(tmp_path, app_log_1="10-11", app_log_2="10-11")
    (tmp_path / "app.log.3").hardlink_to(tmp_path / "app.log.2")
    assert list(found(tmp_path, "*")) == ["app.log"]


@pytest.mark.parametrize("how", ["renamed", "replaced"])
def test_files_that_are_renamed_before_they_are_looked_into_are_generations(tmp_path: Path, how: str) -> None:
    written(tmp_path, app_log_1="10-11", app_log_2="10-11")

    def opener(path: str, flags: int, *, dir_fd: int | None = None) -> int:
        if path == "app.log.2" and (tmp_path / path).exists():
            (tmp_path / path).rename(tmp_path / "app.log.3")
            if how == "replaced":
                (tmp_path / "app.log.1").rename(tmp_path / path)
        return os.open(path, flags, dir_fd=dir_fd)

    assert list(contents(settled_catalog(tmp_path, opener=opener).find(["*"]))) == ["app.log"]


# Without a live file, what the times show.


def test_files_that_a_fast_program_filled_within_a_second_are_generations(tmp_path: Path) -> None:
    """Times of whole seconds are the same in many of them, and the modification times differ by little."""
    for number, seconds in enumerate(["04-05", "03-04", "03-03", "02-03", "01-02"]):
        lines = [f"2026-11-28 10:00:{second} line\n" for second in seconds.split("-")]
        (tmp_path / f"app.log.{number}").write_text("".join(lines))
        os.utime(tmp_path / f"app.log.{number}", ns=(0, NOON * SECOND - number))
    assert found(tmp_path, "*") == {"app.log": [f"app.log.{number}" for number in range(5)]}


def test_one_file_with_an_odd_time_does_not_make_logs_of_their_own(tmp_path: Path) -> None:
    written(tmp_path, app_log_1="14-15", app_log_2="12-13", app_log_3="10-11", app_log_4="06-15")
    assert list(found(tmp_path, "*")) == ["app.log"]


def test_files_whose_times_are_in_no_order_are_logs_of_their_own(tmp_path: Path) -> None:
    written(tmp_path, web_1="10", web_2="14", web_3="12", web_4="16")
    assert len(found(tmp_path, "*")) == 4


def test_files_without_lines_say_nothing_against_those_that_have_some(tmp_path: Path) -> None:
    written(tmp_path, java0_log_1="12", java0_log_2="11", java0_log_3="10")
    (tmp_path / "java0.log.0").touch()
    os.utime(tmp_path / "java0.log.0", (NOON, NOON))
    assert list(found(tmp_path, "*")) == ["java0.log"]


def test_files_that_begin_in_the_same_second_are_ordered_by_their_modification(tmp_path: Path) -> None:
    """log4j2 that fills more than one file within a second."""
    written(tmp_path, app_log="12", app_log_1="10", app_log_2="10", app_log_3="11")
    for number in (1, 2, 3):
        os.utime(tmp_path / f"app.log.{number}", ns=(0, NOON * SECOND + number))
    assert found(tmp_path, "app.log") == {"app.log": ["app.log", "app.log.3", "app.log.2", "app.log.1"]}


@pytest.mark.parametrize(("hours", "order"), [(0.5, "b123"), (1.5, "1b23"), (2.5, "12b3"), (9.0, "123b")])
def test_backup_that_logrotate_makes_of_a_file_in_its_way_is_placed_by_its_modification(
    tmp_path: Path, hours: float, order: str
) -> None:
    written(tmp_path, app_log=0.0, app_log_1=1.0, app_log_2=2.0, app_log_3=3.0, **{"app_log-2026112810_backup": hours})
    names = {"b": "app.log-2026112810.backup"}
    expected = ["app.log", *(names.get(one, f"app.log.{one}") for one in order)]
    assert found(tmp_path, "app.log") == {"app.log": expected}
