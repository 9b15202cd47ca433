"""Rotating files: bounded, no line lost or doubled, no link followed, whatever others do to them and to the disk."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logagent.telemetry.own_logs.files import Files, file_names
from logagent.telemetry.own_logs.lines import plain_text
from testbed.own_lines import full_from, told


def files(directory: Path, max_bytes: int = 1 << 20, keep: int = 3) -> Files:
    return Files(directory, "web-1", plain_text, max_bytes=max_bytes, keep=keep)


def text(path: Path) -> str:
    return path.read_text() if path.exists() else ""


def everything(directory: Path) -> str:
    """All lines, oldest first."""
    older = sorted(directory.glob("web-1.log.*"), key=lambda path: -int(path.suffix[1:]))
    return "".join(map(text, [*older, directory / "web-1.log"]))


def test_lines_stand_in_a_file_of_the_agents_name_that_its_group_reads(tmp_path: Path) -> None:
    target = files(tmp_path)
    assert target.write([told("one"), told("two")]) == 2
    assert text(tmp_path / "web-1.log") == "one\ntwo\n"
    assert stat.S_IMODE((tmp_path / "web-1.log").stat().st_mode) & ~0o640 == 0
    assert target.name == str(tmp_path / "web-1.log")


def test_full_files_are_renamed_and_the_oldest_goes(tmp_path: Path) -> None:
    target = files(tmp_path, max_bytes=8, keep=2)
    for number in range(10):
        assert target.write([told(f"{number:03}")]) == 1
    assert {path.name: text(path) for path in tmp_path.iterdir()} == {
        "web-1.log": "008\n009\n",
        "web-1.log.1": "006\n007\n",
        "web-1.log.2": "004\n005\n",
    }


@given(st.lists(st.lists(st.integers(0, 30), max_size=6), max_size=8), st.integers(1, 40))
def test_each_line_stands_once_and_in_order_in_files_that_are_not_too_large(
    tmp_path_factory: pytest.TempPathFactory, writes: list[list[int]], max_bytes: int
) -> None:
    directory = tmp_path_factory.mktemp("own")
    target, wanted = files(directory, max_bytes, keep=100), ""
    for sizes in writes:
        lines = [f"{number}:{'x' * size}" for number, size in enumerate(sizes)]
        assert target.write([told(line) for line in lines]) == len(lines)
        wanted += "".join(f"{line}\n" for line in lines)
    target.close()
    assert everything(directory) == wanted
    for path in directory.iterdir():
        assert path.stat().st_size <= max_bytes or text(path).count("\n") == 1


def test_generations_close_a_gap_before_they_lose_the_oldest(tmp_path: Path) -> None:
    (tmp_path / "web-1.log.1").write_text("one\n")
    (tmp_path / "web-1.log.3").write_text("three\n")
    target = files(tmp_path, max_bytes=4, keep=3)
    target.write([told("new"), told("yet")])
    assert text(tmp_path / "web-1.log.1") == "new\n"
    assert text(tmp_path / "web-1.log.2") == "one\n"
    assert text(tmp_path / "web-1.log.3") == "three\n"


def test_what_is_more_than_is_kept_goes(tmp_path: Path) -> None:
    for number in range(1, 7):
        (tmp_path / f"web-1.log.{number}").write_text(f"{number}\n")
    files(tmp_path, max_bytes=4, keep=2).write([told("new"), told("yet")])
    assert sorted(path.name for path in tmp_path.iterdir()) == ["web-1.log", "web-1.log.1", "web-1.log.2"]


def test_a_file_goes_on_where_another_run_ended_be_it_in_a_line(tmp_path: Path) -> None:
    (tmp_path / "web-1.log").write_text("one\ntw")
    files(tmp_path).write([told("three")])
    assert text(tmp_path / "web-1.log") == "one\ntw\nthree\n"


def test_a_file_that_others_renamed_is_left_to_them(tmp_path: Path) -> None:
    target = files(tmp_path)
    target.write([told("one")])
    (tmp_path / "web-1.log").rename(tmp_path / "web-1.log-20261130")
    target.write([told("two")])
    assert (text(tmp_path / "web-1.log-20261130"), text(tmp_path / "web-1.log")) == ("one\n", "two\n")
    (tmp_path / "web-1.log").unlink()
    (tmp_path / "web-1.log").touch()  # as logrotate's `create`
    target.write([told("three")])
    assert text(tmp_path / "web-1.log") == "three\n"


def test_a_file_that_others_emptied_goes_on_from_its_beginning(tmp_path: Path) -> None:
    target = files(tmp_path, max_bytes=10)
    target.write([told("one"), told("two")])
    os.truncate(tmp_path / "web-1.log", 0)
    target.write([told("three")])
    assert everything(tmp_path) == "three\n"


def test_on_a_full_disk_lines_are_not_written_and_the_one_that_was_cut_is_finished(tmp_path: Path) -> None:
    target = files(tmp_path)
    with full_from(6):
        assert target.write([told("one"), told("two"), told("three")]) == 2
        assert target.fault == "File too large"
        assert target.write([told("four")]) == 0
        assert text(tmp_path / "web-1.log") == "one\ntw"
    assert target.write([told("five")]) == 1
    assert target.fault == ""
    assert text(tmp_path / "web-1.log") == "one\ntwo\nfive\n"


def test_a_cut_line_is_finished_before_the_file_is_closed_or_renamed(tmp_path: Path) -> None:
    target = files(tmp_path, max_bytes=8)
    with full_from(6):
        target.write([told("one"), told("two")])
    target.close()
    assert text(tmp_path / "web-1.log") == "one\ntwo\n"


def test_a_cut_line_is_whole_in_the_next_file_where_others_took_this_one(tmp_path: Path) -> None:
    target = files(tmp_path)
    with full_from(6):
        target.write([told("one"), told("two")])
    os.truncate(tmp_path / "web-1.log", 0)
    target.write([told("three")])
    assert text(tmp_path / "web-1.log") == "two\nthree\n"
    with full_from(12):
        target.write([told("four")])
    (tmp_path / "web-1.log").unlink()
    target.write([])
    assert text(tmp_path / "web-1.log") == "four\n"


def test_a_directory_that_goes_is_waited_for(tmp_path: Path) -> None:
    directory = tmp_path / "logagent"
    target = files(directory)
    assert target.write([told("one")]) == 1
    assert stat.S_IMODE(directory.stat().st_mode) & ~0o750 == 0
    directory.rename(tmp_path / "away")
    assert target.write([told("two")]) == 0
    assert target.fault == "No such file or directory"
    assert not directory.exists()
    directory.mkdir()
    assert target.write([told("three")]) == 1
    assert text(directory / "web-1.log") == "three\n"


def test_no_link_is_followed(tmp_path: Path) -> None:
    (tmp_path / "other").write_text("of others\n")
    (tmp_path / "web-1.log").symlink_to(tmp_path / "other")
    target = files(tmp_path)
    assert target.write([told("one")]) == 0
    assert target.fault == "Too many levels of symbolic links"
    assert text(tmp_path / "other") == "of others\n"


def test_a_directory_that_becomes_a_link_is_not_followed(tmp_path: Path) -> None:
    directory, others = tmp_path / "logagent", tmp_path / "others"
    others.mkdir()
    target = files(directory)
    assert target.write([told("one")]) == 1
    directory.rename(tmp_path / "moved")
    directory.symlink_to(others)
    assert target.write([told("two")]) == 0
    assert target.fault == f"{directory} has become a link, which is not followed"
    directory.unlink()
    directory.symlink_to(tmp_path / "moved")  # To the very file that the agent has open.
    assert target.write([told("three")]) == 0
    directory.unlink()
    (tmp_path / "moved").rename(directory)
    assert target.write([told("four")]) == 1
    assert everything(directory) == "one\nfour\n"
    assert not [*others.iterdir()]


def test_a_directory_that_is_given_as_a_link_is_taken_for_what_it_meant(tmp_path: Path) -> None:
    given, meant = tmp_path / "given", tmp_path / "meant"
    meant.mkdir()
    given.symlink_to(meant)
    target = files(given)
    assert target.write([told("one")]) == 1
    given.unlink()
    assert target.write([told("two")]) == 1
    assert everything(meant) == "one\ntwo\n"


def test_nothing_but_a_regular_file_is_written_to(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "web-1.log")
    target = files(tmp_path)
    assert target.write([told("one")]) == 0
    assert target.fault == "is no regular file"


def test_several_agents_of_one_name_have_a_file_each(tmp_path: Path) -> None:
    one, two = files(tmp_path, max_bytes=4), files(tmp_path, max_bytes=4)
    for number in range(3):
        assert one.write([told(f"1-{number}")]) == two.write([told(f"2-{number}")]) == 1
    assert (one.name, two.name) == (str(tmp_path / "web-1.log"), str(tmp_path / "web-1_2.log"))
    assert "2-" not in everything(tmp_path)
    one.close()
    three = files(tmp_path)
    three.write([told("3-0")])
    assert three.name == str(tmp_path / "web-1.log")


def test_where_all_files_are_taken_that_is_said(tmp_path: Path) -> None:
    agents = [files(tmp_path) for _ in file_names("web-1")]
    assert all(agent.write([told("one")]) for agent in agents)
    late = files(tmp_path)
    assert late.write([told("one")]) == 0
    assert late.fault == "other agents write to all files up to web-1_9.log"


def test_a_file_that_cannot_be_renamed_does_not_grow(tmp_path: Path) -> None:
    target = files(tmp_path, max_bytes=4, keep=1)
    target.write([told("one")])
    (tmp_path / "web-1.log.1").mkdir()
    assert target.write([told("two")]) == 0
    assert target.fault == "cannot be rotated: Is a directory"
    assert text(tmp_path / "web-1.log") == "one\n"
    (tmp_path / "web-1.log.1").rmdir()
    assert target.write([told("three")]) == 1


@pytest.mark.parametrize("length", [1, 253])
def test_the_name_of_a_file_fits_into_a_directory(length: int) -> None:
    assert all(len(f"{name}.9999") <= 255 for name in file_names("a" * length))
