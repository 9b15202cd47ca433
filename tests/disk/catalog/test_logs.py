"""Rotated generations belong to their logs, each once and in their order."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from logagent.core.outcome import Failure, Status
from logagent.disk.catalog.catalog import Catalog
from logagent.disk.catalog.left_out import LeftOut
from logagent.disk.catalog.logs import MAX_GENERATIONS
from testbed.trees import ROTATED, Unprivileged, contents, found, names, planted, read, refusal


def test_generations_belong_to_a_log_that_is_named(rotated: Path) -> None:
    assert found(rotated, "app.log") == {"app.log": list(ROTATED)}


def test_generations_belong_to_each_log_that_a_glob_matches(rotated: Path) -> None:
    assert found(rotated, "*.log") == {"app.log": list(ROTATED), "web-1.log": ["web-1.log"], "web.log": ["web.log"]}
    assert found(rotated, "**/[ao]*.log") == {"app.log": list(ROTATED), "a/old.log": ["a/old.log.1"]}


def test_glob_over_everything_finds_each_file_once(rotated: Path) -> None:
    assert found(rotated, "**/*", "app.log", "*") == {
        "app.log": list(ROTATED),
        "app.log.notes": ["app.log.notes"],
        "a/old.log": ["a/old.log.1"],
        "b/lone.log.gz": ["b/lone.log.gz"],
        "web-1.log": ["web-1.log"],
        "web.log": ["web.log"],
    }


def test_generation_says_what_the_file_is(rotated: Path) -> None:
    os.utime(rotated / "app.log.2.gz", ns=(1, 1_700_000_000_123_456_789))
    [log] = Catalog([rotated]).find(["app.log"])
    third = log.generations[2]
    assert (third.name, third.resolved, third.size, third.modified) == (
        *("app.log.2.gz", "app.log.2.gz", len("app.log.2.gz"), 1_700_000_000_123_456_789),
    )
    assert (third.root, third.compressed, log.generations[1].compressed) == (rotated, True, False)
    assert (log.root, log.size) == (rotated, sum(map(len, ROTATED)))


def test_log_without_live_file_is_found_under_its_name(rotated: Path) -> None:
    (rotated / "app.log").unlink()
    assert found(rotated, "app.log") == found(rotated, "app.l*g") == {"app.log": list(ROTATED[1:])}
    assert found(rotated, "a/old.log", "app.log") == {"a/old.log": ["a/old.log.1"], "app.log": list(ROTATED[1:])}


def test_generation_asked_for_by_its_name_is_a_log_of_one_file(rotated: Path) -> None:
    assert found(rotated, "app.log.1") == {"app.log.1": ["app.log.1"]}
    assert found(rotated, "app.log.1", "app.log") == {
        "app.log.1": ["app.log.1"],
        "app.log": ["app.log", "app.log.2.gz", "app.log.10.gz"],
    }


def test_glob_that_matches_generations_only_finds_their_log_with_those(rotated: Path) -> None:
    assert found(rotated, "app.log.*.gz") == {"app.log": ["app.log.2.gz", "app.log.10.gz"]}


def test_without_rotated_only_live_files_are_found(rotated: Path) -> None:
    assert found(rotated, "app.log", rotated=False) == {"app.log": ["app.log"]}
    assert list(found(rotated, "**/*", rotated=False)) == [
        *("app.log", "app.log.notes", "b/lone.log.gz", "web-1.log", "web.log"),
    ]


def test_without_rotated_a_generation_is_found_by_its_exact_name(rotated: Path) -> None:
    expected = {"app.log": ["app.log"], "app.log.1": ["app.log.1"]}
    assert found(rotated, "app.log", "app.log.1", rotated=False) == expected
    assert found(rotated, "**/app.log.1", "app.log", rotated=False) == expected


def test_without_rotated_a_log_without_live_file_is_not_found(rotated: Path) -> None:
    with pytest.raises(Failure, match=r"no such file: a/old\.log"):
        Catalog([rotated]).find(["a/old.log"], rotated=False)


def test_generations_are_ordered_by_the_time_of_modification_within_one_date(tmp_path: Path) -> None:
    root = planted(tmp_path, "app.log", "app-2026-11-22-1.log", "app-2026-11-23-1.log", "app-2026-11-23-2.log")
    for name, modified in (("app-2026-11-22-1.log", 9), ("app-2026-11-23-1.log", 5), ("app-2026-11-23-2.log", 7)):
        os.utime(root / name, (modified, modified))
    names = ["app.log", "app-2026-11-23-2.log", "app-2026-11-23-1.log", "app-2026-11-22-1.log"]
    assert found(root, "app.log") == {"app.log": names}


def test_number_before_the_extension_is_a_generation_only_where_it_is_compressed_beside_its_log(tmp_path: Path) -> None:
    root = planted(tmp_path, "web.log", "web-1.log", "web-2.log.gz", "db-1.log.gz", "old.log", "old.log.gz")
    assert found(root, "*") == {
        "web.log": ["web.log", "web-2.log.gz"],
        "web-1.log": ["web-1.log"],
        "db-1.log.gz": ["db-1.log.gz"],
        "old.log": ["old.log", "old.log.gz"],
    }


def test_copy_that_is_being_compressed_is_left_out_beside_its_original(tmp_path: Path) -> None:
    root = planted(tmp_path, "app.log", "app.log.1", "app.log.1.gz", "app.log.2.gz")
    assert found(root, "app.log") == {"app.log": ["app.log", "app.log.1", "app.log.2.gz"]}
    assert found(root, "*.gz") == {"app.log": ["app.log.1.gz", "app.log.2.gz"]}
    assert found(root, "app.log.1.gz") == {"app.log.1.gz": ["app.log.1.gz"]}


def test_what_is_no_file_of_the_root_is_no_generation(tmp_path: Path) -> None:
    planted(tmp_path, "outside.log")
    root = planted(tmp_path / "log", "app.log", "other")
    (root / "app.log.1").symlink_to("../outside.log")
    (root / "app.log.2").symlink_to(tmp_path / "outside.log")
    os.mkfifo(root / "app.log.3")
    (root / "app.log.4").mkdir()
    (root / "app.log.5").symlink_to("app.log.5")
    (root / "app.log.6").symlink_to("other")
    for pattern in ("app.log", "a*"):
        [log] = Catalog([root]).find([pattern])
        assert [(file.name, file.resolved) for file in log.generations] == [
            ("app.log", "app.log"),
            ("app.log.6", "other"),
        ]


def test_generation_replaced_by_a_link_since_it_was_found_is_not_opened(rotated: Path) -> None:
    [log] = Catalog([rotated]).find(["app.log"])
    (rotated / "app.log.1").unlink()
    (rotated / "app.log.1").symlink_to("web.log")
    with pytest.raises(Failure, match=r"no such file: app\.log\.1"):
        log.generations[1].open()


def test_link_to_a_generation_is_not_a_second_file(rotated: Path) -> None:
    (rotated / "latest.log").symlink_to("app.log.1")
    assert "latest.log" not in found(rotated, "*.log")
    assert found(rotated, "latest.log") == {"latest.log": ["latest.log"]}


def test_generations_of_a_log_reached_through_a_linked_directory_have_that_name(rotated: Path) -> None:
    (rotated / "link").symlink_to("a")
    assert found(rotated, "link/old.log") == found(rotated, "l*/*") == {"link/old.log": ["link/old.log.1"]}


def test_directory_that_may_not_be_listed_serves_the_named_file_without_generations(shared: Path) -> None:
    planted(shared, "private/app.log", "private/app.log.1")
    (shared / "private").chmod(0o111)
    with Unprivileged():
        assert found(shared, "private/app.log") == {"private/app.log": ["private/app.log"]}
        assert found(shared, "*/app.log") == {"private/app.log": ["private/app.log"]}


def test_root_that_is_a_single_file_has_no_generations(rotated: Path) -> None:
    assert found(rotated / "app.log", "app.log") == found(rotated / "app.log", "*") == {"app.log": ["app.log"]}


def test_generations_of_one_name_in_two_roots_are_those_of_two_logs(tmp_path: Path) -> None:
    first = planted(tmp_path / "first", "app.log.1")
    second = planted(tmp_path / "second", "app.log", "app.log.1", "db.log.2")
    for pattern in ("*.log", "*"):
        logs = Catalog([first, second]).find([pattern])
        assert contents(logs) == {
            "db.log": ["db.log.2"],
            "first:app.log": ["first:app.log.1"],
            "second:app.log": ["second:app.log", "second:app.log.1"],
        }
        assert [log.root for log in logs] == [second, first, second]


def test_generation_named_is_found_in_every_root_that_has_it(tmp_path: Path) -> None:
    first, second = planted(tmp_path / "first", "app.log.1"), planted(tmp_path / "second", "app.log", "app.log.1")
    assert contents(Catalog([first, second]).find(["app.log.1"])) == {
        "first:app.log.1": ["first:app.log.1"],
        "second:app.log.1": ["second:app.log.1"],
    }


def test_generations_do_not_count_as_files(rotated: Path) -> None:
    assert len(Catalog([rotated]).find(["app.log"], limit=1)) == 1
    left_out = LeftOut()
    assert len(Catalog([rotated]).find(["*.log"], limit=2, left_out=left_out)) == 2
    assert left_out.count == 3


def test_more_generations_than_the_limit_are_left_out_by_name(tmp_path: Path) -> None:
    root = planted(tmp_path, "app.log", *(f"app.log.{number}" for number in range(1, MAX_GENERATIONS + 2)))
    log, cut = Catalog([root]).find(["app.log"])
    assert [log.generations[number].name for number in (0, -1)] == ["app.log", f"app.log.{MAX_GENERATIONS - 1}"]
    assert refusal(cut) == (
        Status.RESOURCE_EXHAUSTED,
        f"app.log has {MAX_GENERATIONS + 2} generations, more than {MAX_GENERATIONS}: the oldest are left out",
    )


def test_named_file_in_too_wide_a_directory_is_found_and_its_generations_are_named_as_missing(tmp_path: Path) -> None:
    root = planted(tmp_path, "app.log", *(f"{number}" for number in range(20)))
    log, unsearched = Catalog([root], max_walk=20).find(["app.log"])
    assert read(log) == b"app.log"
    assert refusal(unsearched) == (
        Status.RESOURCE_EXHAUSTED,
        "too many files beside app.log to find its rotated generations; ask without them",
    )
    assert names(Catalog([root], max_walk=0).find(["app.log"], rotated=False)) == ["app.log"]
