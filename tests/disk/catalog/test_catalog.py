"""Which files a name or a glob finds, and what is said of those that it does not."""

from __future__ import annotations

import os
from collections.abc import Generator
from pathlib import Path

import pytest

from logagent.core.escapes import in_line
from logagent.core.notes import Notes
from logagent.core.outcome import Failure, Status
from logagent.disk.catalog.catalog import Catalog, Log
from logagent.disk.catalog.left_out import LeftOut, Wanted
from logagent.disk.files.walk import MAX_DEPTH
from testbed.trees import Unprivileged, contents, failure, names, planted, read, refusal

# Names.


def test_named_file_is_found_with_its_size_and_time(root: Path) -> None:
    os.utime(root / "nginx" / "error.log", ns=(1, 1_700_000_000_123_456_789))
    [log] = Catalog([root]).find(["nginx/error.log"])
    assert (log.name, log.generations[0].resolved) == ("nginx/error.log", "nginx/error.log")
    assert (log.size, log.modified) == (len("nginx/error.log"), 1_700_000_000_123_456_789)
    assert read(log) == b"nginx/error.log"


def test_link_is_found_by_its_name_with_what_it_leads_to(root: Path) -> None:
    (root / "current.log").symlink_to("nginx/error.log")
    [log] = Catalog([root]).find(["current.log"])
    assert (log.name, log.generations[0].resolved, read(log)) == ("current.log", "nginx/error.log", b"nginx/error.log")


@pytest.mark.parametrize(
    ("patterns", "named"), [(["app.log"], True), (["*.log"], False), (["app.log.1"], True), (["*", "app.log"], True)]
)
def test_a_log_knows_whether_it_was_asked_for_by_its_exact_name(
    patterns: list[str], named: bool, tmp_path: Path
) -> None:
    root = planted(tmp_path, "app.log", "app.log.1")
    [log] = Catalog([root]).find(patterns)
    assert log.named is named


def test_link_that_leads_out_is_noted_where_a_glob_meets_it(root: Path) -> None:
    (root / "out.log").symlink_to("/dev/null")
    (root / "nginx" / "out").symlink_to("/dev")
    (root / "nginx" / "gone.log").symlink_to("nowhere")
    for globs, links in (
        (["*.log", "syslog"], ("out.log",)),
        (["**/*.log"], ("out.log", "nginx/out")),
        (["auth*"], ()),
    ):
        notes = Notes()
        Catalog([root]).find(globs, notes=notes)
        assert [note.files for note in notes.told()] == ([links] if links else [])


def test_missing_file_is_not_found(root: Path) -> None:
    assert failure(Catalog([root]), "none.log") == (Status.NOT_FOUND, "no such file: none.log")


@pytest.mark.parametrize(
    "name",
    ["../outside.log", "/etc/passwd", "nginx", "loop.log", "fifo.log", "a\0b", "", "syslog/x", "../*"],
)
def test_all_that_is_refused_reads_like_a_missing_file(root: Path, name: str) -> None:
    planted(root.parent, "outside.log")
    (root / "loop.log").symlink_to("loop.log")
    os.mkfifo(root / "fifo.log")
    assert failure(Catalog([root]), name) == (Status.NOT_FOUND, f"no such file: {in_line(name)}")


def test_missing_file_among_several_is_named_by_a_log_that_does_not_open(root: Path) -> None:
    found, missing = Catalog([root]).find(["zzz.log", "auth.log"])
    assert read(found) == b"auth.log"
    assert (missing.name, refusal(missing)) == ("zzz.log", (Status.NOT_FOUND, "no such file: zzz.log"))


def test_several_missing_files_are_one_failure(root: Path) -> None:
    message = "no such file: a, b, c and 1 more"
    assert failure(Catalog([root]), "a", "a", "b", "c", "d") == (Status.NOT_FOUND, message)


def test_name_that_is_not_utf8_is_found_and_listed_alike(root: Path) -> None:
    planted(root, "caf\udce9.log")
    catalog = Catalog([root])
    assert names(catalog.find(["caf\udce9.log"])) == names(catalog.find(["caf*"])) == ["caf\udce9.log"]
    assert (root / os.fsdecode(b"caf\xe9.log")).exists()


def test_file_is_given_once_though_asked_for_twice(root: Path) -> None:
    assert names(Catalog([root]).find(["auth.log", "auth.log", "*.log"])) == ["auth.log"]


def test_file_replaced_by_another_since_it_was_found_is_not_opened_by_a_link(root: Path) -> None:
    [log] = Catalog([root]).find(["auth.log"])
    (root / "auth.log").unlink()
    (root / "auth.log").symlink_to("syslog")
    assert refusal(log) == (Status.NOT_FOUND, "no such file: auth.log")


def test_file_removed_since_it_was_found_is_not_found(root: Path) -> None:
    [log] = Catalog([root]).find(["auth.log"])
    (root / "auth.log").unlink()
    assert refusal(log) == (Status.NOT_FOUND, "no such file: auth.log")


# Limits.


def test_of_more_files_than_the_limit_the_newest_are_found_and_the_others_counted(root: Path) -> None:
    every = ["auth.log", "nginx/access.log", "nginx/error.log", "nginx/old/access.log"]
    for age, name in enumerate(every):
        os.utime(root / name, (1000 - age, 1000 - age))
    left_out = LeftOut()
    found = Catalog([root]).find(["**/*.log"], limit=2, left_out=left_out)
    assert names(found) == every[:2]
    assert names(left_out.newest) == every[2:]
    assert left_out.failure().message == "4 files match; the newest 2 were read; narrow the glob"
    assert left_out.latest == (998 + 86400) * 10**9


def test_files_that_are_named_and_those_that_were_begun_go_before_newer_ones(root: Path) -> None:
    os.utime(root / "auth.log", (1, 1))
    os.utime(root / "nginx/error.log", (2, 2))
    assert names(Catalog([root]).find(["**/*.log", "auth.log"], limit=1)) == ["auth.log"]
    found: list[Log] = []

    def search() -> Generator[None, None, None]:
        found.extend((yield from Catalog([root]).finding(["**/*.log"], wanted=Wanted(1, {"nginx/error.log"}))))

    list(search())
    assert names(found) == ["nginx/error.log"]


def test_the_age_of_a_log_is_that_of_its_newest_file(tmp_path: Path) -> None:
    root = planted(tmp_path, "a.log", "b.log", "b.log.1")
    os.utime(root / "b.log", (1, 1))
    os.utime(root / "b.log.1", (2_000_000_000, 2_000_000_000))
    assert names(Catalog([root]).find(["*.log"], limit=1)) == ["b.log"]


def test_a_search_that_is_given_up_closes_all(root: Path) -> None:
    before = sum(1 for _ in Path("/proc/self/fd").iterdir())
    steps = Catalog([root]).finding(["**/*.log", "auth.log"])
    next(steps)
    del steps
    assert sum(1 for _ in Path("/proc/self/fd").iterdir()) == before


def test_as_many_files_as_the_limit_are_found(root: Path) -> None:
    assert len(Catalog([root]).find(["**/*.log"], limit=4)) == 4


def test_glob_that_looks_at_too_many_entries_is_refused(root: Path) -> None:
    status, message = failure(Catalog([root], max_walk=8), "**/*.log")
    assert status is Status.RESOURCE_EXHAUSTED
    assert message == "glob too wide: more than max_walk=8 directory entries; narrow **/*.log"


def test_names_of_one_directory_alone_can_be_too_many(tmp_path: Path) -> None:
    root = planted(tmp_path, *(f"{number}" for number in range(20)))
    assert failure(Catalog([root], max_walk=20), "*.log")[0] is Status.RESOURCE_EXHAUSTED
    assert failure(Catalog([root], max_walk=21), "*.log")[0] is Status.NOT_FOUND


def test_globs_of_one_question_share_the_bound(root: Path) -> None:
    catalog = Catalog([root], max_walk=8)
    assert len(catalog.find(["*"])) == 2
    assert failure(catalog, *("*" + "?" * length for length in range(9)))[0] is Status.RESOURCE_EXHAUSTED


def test_directories_too_deep_are_named_beside_what_was_found(root: Path) -> None:
    planted(root, "/".join(["d"] * (MAX_DEPTH + 1)) + "/deep.log")
    *found, deep = Catalog([root]).find(["a*", "d/**"])
    assert names(found) == ["auth.log"]
    assert deep.name == "d/" * (MAX_DEPTH + 1) + "deep.log"
    assert refusal(deep) == (Status.RESOURCE_EXHAUSTED, f"more than {MAX_DEPTH} directories deep: {deep.name}")


# What may not be read.


def noted(notes: Notes) -> dict[str, tuple[str, ...]]:
    return {note.kind: note.files for note in notes.told()}


def test_what_a_glob_meets_and_may_not_be_read_is_noted(shared: Path) -> None:
    planted(shared, "a.log", "b.log", "a.log.1", "private/c.log", "open/d.log")
    for forbidden in ("b.log", "a.log.1", "private", "open/d.log"):
        (shared / forbidden).chmod(0)
    with Unprivileged():
        notes = Notes()
        [log] = Catalog([shared]).find(["**/*"], notes=notes)
        assert contents([log]) == {"a.log": ["a.log"]}
        assert noted(notes) == {"unreadable": ("a.log.1", "b.log", "private/", "open/d.log")}


def test_where_globs_meet_nothing_that_may_be_read_it_is_denied(shared: Path) -> None:
    planted(shared, "b.log", "c.log", "private/d.log")
    for forbidden in ("b.log", "c.log", "private"):
        (shared / forbidden).chmod(0)
    with Unprivileged():
        notes = Notes()
        with pytest.raises(Failure, match=r"permission denied: b\.log, c\.log, private/") as raised:
            Catalog([shared]).find(["**/*.log"], notes=notes)
        assert raised.value.status is Status.PERMISSION_DENIED
        assert noted(notes) == {"unreadable": ("b.log", "c.log", "private/")}
        assert failure(Catalog([shared]), "b*", "none.log")[0] is Status.PERMISSION_DENIED


def test_what_may_not_be_read_is_found_for_a_listing_and_noted(shared: Path) -> None:
    planted(shared, "a.log", "b.log")
    (shared / "b.log").chmod(0)
    with Unprivileged():
        notes = Notes()
        logs = Catalog([shared]).find(["*.log"], notes=notes, unreadable=True)
        assert names(logs) == ["a.log", "b.log"]
        assert refusal(logs[1]) == (Status.PERMISSION_DENIED, "permission denied: b.log")
        assert noted(notes) == {"unreadable": ("b.log",)}


def test_exact_name_that_may_not_be_read_is_denied(shared: Path) -> None:
    planted(shared, "a.log", "b.log", "b.log.1")
    (shared / "b.log").chmod(0)
    (shared / "b.log.1").chmod(0)
    with Unprivileged():
        notes = Notes()
        expected = (Status.PERMISSION_DENIED, "permission denied: b.log, b.log.1")
        assert failure(Catalog([shared]), "b.log") == expected
        a, b = Catalog([shared]).find(["*.log", "b.log"], notes=notes)
        assert (a.name, refusal(b)) == ("a.log", (Status.PERMISSION_DENIED, "permission denied: b.log"))
        assert noted(notes) == {}


def test_one_generation_of_an_exact_name_that_may_not_be_read_is_still_opened_and_refused(shared: Path) -> None:
    planted(shared, "b.log", "b.log.1")
    (shared / "b.log.1").chmod(0)
    with Unprivileged():
        [log] = Catalog([shared]).find(["b.log"])
        assert read(log) == b"b.log"
        with pytest.raises(Failure, match=r"permission denied: b\.log\.1"):
            log.generations[1].open()


def test_link_to_what_may_not_be_read_is_noted_by_its_own_name(shared: Path) -> None:
    planted(shared, "a.log", "dark")
    (shared / "b.log").symlink_to("dark")
    (shared / "dark").chmod(0)
    with Unprivileged():
        notes = Notes()
        assert names(Catalog([shared]).find(["*.log"], notes=notes)) == ["a.log"]
        assert noted(notes) == {"unreadable": ("b.log",)}


def test_file_in_a_directory_that_may_not_be_entered_is_permission_denied(shared: Path) -> None:
    planted(shared, "private/a.log")
    (shared / "private").chmod(0)
    with Unprivileged():
        expected = (Status.PERMISSION_DENIED, "permission denied: private/a.log")
        assert failure(Catalog([shared]), "private/a.log") == expected
        assert failure(Catalog([shared]), "private/a.log", "none.log") == expected


def test_directory_that_may_not_be_listed_is_named_beside_what_was_found(shared: Path) -> None:
    planted(shared, "a.log", "private/b.log")
    (shared / "private").chmod(0)
    with Unprivileged():
        notes = Notes()
        assert names(Catalog([shared]).find(["**/*.log"], notes=notes)) == ["a.log"]
        assert noted(notes) == {"unreadable": ("private/",)}


def test_directory_that_may_not_be_listed_is_a_failure_where_nothing_else_is_found(shared: Path) -> None:
    planted(shared, "private/b.log")
    (shared / "private").chmod(0)
    with Unprivileged():
        expected = (Status.PERMISSION_DENIED, "permission denied: private/")
        assert failure(Catalog([shared]), "private/*.log") == expected


def test_directory_that_no_glob_leads_to_is_not_named(shared: Path) -> None:
    planted(shared, "a.log", "private/b.log")
    (shared / "private").chmod(0)
    with Unprivileged():
        assert names(Catalog([shared]).find(["*.log", "a*/*"])) == ["a.log"]


def test_root_that_may_not_be_listed_is_named_by_its_last_component(shared: Path) -> None:
    root = planted(shared / "log", "a.log")
    root.chmod(0o111)
    with Unprivileged():
        assert names(Catalog([root]).find(["a.log"])) == ["a.log"]
        assert failure(Catalog([root]), "*.log") == (Status.PERMISSION_DENIED, "permission denied: log/")


def test_link_to_what_may_not_be_looked_at_is_named(shared: Path) -> None:
    planted(shared, "a.log", "private/b.log")
    (shared / "b.log").symlink_to("private/b.log")
    (shared / "private").chmod(0)
    with Unprivileged():
        notes = Notes()
        assert names(Catalog([shared]).find(["*.log"], notes=notes)) == ["a.log"]
        assert noted(notes) == {"unreadable": ("b.log",)}


# Several roots.


@pytest.fixture
def two(tmp_path: Path) -> list[Path]:
    """Two roots that both have `both.log`."""
    first = planted(tmp_path / "first", "both.log", "both.log.1", "one.log")
    second = planted(tmp_path / "second", "both.log", "only.log", "sub/x.log")
    (second / "both.log").write_bytes(b"second")
    return [first, second]


@pytest.mark.parametrize("pattern", ["both.log", "both*", "*", "**/b*.log"])
def test_name_of_two_roots_is_found_in_both_and_told_apart(two: list[Path], pattern: str) -> None:
    first, second = (log for log in Catalog(two).find([pattern]) if "both" in log.name)
    assert (read(first), read(second)) == (b"both.log", b"second")
    assert contents([first, second]) == {
        "first:both.log": ["first:both.log", "first:both.log.1"],
        "second:both.log": ["second:both.log"],
    }


def test_name_that_one_root_has_stays_as_it_is(two: list[Path]) -> None:
    assert names(Catalog(two).find(["only.log", "one.log", "sub/*"])) == ["one.log", "only.log", "sub/x.log"]


@pytest.mark.parametrize("pattern", ["second:both.log", "second:b*", "second:**/b*"])
def test_name_behind_that_of_a_root_is_looked_for_there_alone(two: list[Path], pattern: str) -> None:
    [log] = Catalog(two).find([pattern])
    assert (log.name, read(log)) == ("second:both.log", b"second")


def test_name_behind_that_of_a_root_that_no_other_has_is_told_without(two: list[Path]) -> None:
    assert names(Catalog(two).find(["second:only.log"])) == ["only.log"]
    assert names(Catalog(two).find(["first:*"])) == ["first:both.log", "one.log"]


def test_name_that_the_root_before_it_does_not_have_is_missing(two: list[Path]) -> None:
    assert failure(Catalog(two), "first:only.log") == (Status.NOT_FOUND, "no such file: first:only.log")
    assert failure(Catalog(two), "third:both.log")[0] is Status.NOT_FOUND


def test_file_that_is_called_as_a_root_and_a_name_is_found_too(two: list[Path]) -> None:
    planted(two[0], "second:both.log")
    assert {read(log) for log in Catalog(two).find(["second:both.log"])} == {b"second", b"second:both.log"}


def test_roots_may_be_given_names(two: list[Path]) -> None:
    catalog = Catalog(two, names={two[1].absolute(): "app"})
    assert names(catalog.find(["both.log"])) == ["app:both.log", "first:both.log"]
    assert names(catalog.find(["app:both.log"])) == ["app:both.log"]


def test_path_of_the_host_is_understood_below_the_root_that_holds_it(two: list[Path]) -> None:
    catalog = Catalog(two)
    assert names(catalog.find([f"{two[0]}/both.log"])) == ["first:both.log"]
    assert names(catalog.find([f"{two[1]}/sub/*.log", "one.log"])) == ["one.log", "sub/x.log"]
    assert names(catalog.find([f"{two[1]}/**/*"], rotated=False)) == names(catalog.find(["second:**/*"], rotated=False))
    assert len(catalog.find([f"{two[0]}/both.log"])[0].generations) == 2
    link = two[0].parent / "link"
    link.symlink_to(two[1])
    assert names(Catalog([link]).find([f"{two[1]}/sub/x.log"])) == ["sub/x.log"]
    assert names(Catalog([link]).find([f"{link}/sub/x.log"])) == ["sub/x.log"]
    alone = Catalog([two[1] / "only.log"])
    assert names(alone.find([f"{two[1]}/only.log"])) == ["only.log"]


@pytest.mark.parametrize("name", ["nosuch.log", "nosuch*", "", "sub", "../first/both.log", "sub/../sub/x.log"])
def test_path_of_the_host_that_leads_nowhere_is_missing(two: list[Path], name: str) -> None:
    path = f"{two[1]}/{name}" if name else str(two[1])
    planted(two[1], "second")  # not found by the path of the root, although it is called as the root
    assert failure(Catalog(two), path) == (Status.NOT_FOUND, f"no such file: {path}")
    assert failure(Catalog(two), "/etc/hostname") == (Status.NOT_FOUND, "no such file: /etc/hostname")


def test_log_is_found_again_by_whatever_name_it_had(two: list[Path]) -> None:
    catalog = Catalog(two)
    logs = catalog.find(["both.log", "one.log"])
    (two[1] / "both.log").unlink()
    planted(two[1], "one.log")
    again = [[file.name for file in catalog.again(log)] for log in logs]
    assert again == [["first:both.log", "first:both.log.1"], ["one.log"], []]
    assert [log.called(log.other_name).name for log in logs] == ["both.log", "first:one.log", "both.log"]
    assert logs[0].called("both.log").generations[1].name == "both.log.1"


def test_directory_of_another_root_that_a_link_leads_to_is_searched(two: list[Path]) -> None:
    (two[0] / "app").symlink_to(two[1])
    (two[0] / "deep").symlink_to(two[1] / "sub")
    assert names(Catalog(two).find(["app/*/*.log"])) == ["app/sub/x.log"]
    assert names(Catalog(two).find(["deep/*"])) == ["deep/x.log"]
    whole = ["first:both.log", "one.log", "only.log", "second:both.log", "sub/x.log"]
    assert names(Catalog(two).find(["**/*.log"])) == whole


def test_directories_linked_in_circles_between_roots_end(two: list[Path]) -> None:
    (two[0] / "there").symlink_to(two[1])
    (two[1] / "back").symlink_to(two[0])
    assert len(Catalog(two).find(["**/*.log"])) == 5


def test_file_of_a_root_within_another_is_found_once(tmp_path: Path) -> None:
    planted(tmp_path / "log", "app/a.log", "b.log")
    catalog = Catalog([tmp_path / "log", tmp_path / "log" / "app"])
    assert names(catalog.find(["**/*"])) == ["app/a.log", "b.log"]
    assert names(catalog.find(["a.log"])) == ["a.log"]


def test_name_that_one_root_may_not_show_is_denied_beside_what_another_has(shared: Path) -> None:
    first, second = planted(shared / "first", "x/a.log"), planted(shared / "second", "x/a.log")
    (first / "x").chmod(0)
    with Unprivileged():
        found, denied = sorted(Catalog([first, second]).find(["x/a.log"]), key=lambda log: log.root is None)
        assert read(found) == b"x/a.log"
        assert refusal(denied) == (Status.PERMISSION_DENIED, "permission denied: x/a.log")


# What globs leave out.

SKIP = ["lastlog", "btmp", "*.journal", "**/sa/sa[0-9]*"]


def test_globs_leave_out_what_is_to_be_skipped_with_its_generations(tmp_path: Path) -> None:
    skipped = ("lastlog", "btmp", "btmp.1", "btmp-20261101.gz", "journal/x/system.journal", "sa/sa01")
    root = planted(tmp_path, *skipped, "a.log", "sa/sar01", "x/lastlog2")
    assert names(Catalog([root], skip=SKIP).find(["**/*"])) == ["a.log", "sa/sar01", "x/lastlog2"]
    assert failure(Catalog([root], skip=SKIP), "btm*")[0] is Status.NOT_FOUND


@pytest.mark.parametrize("name", ["lastlog", "btmp", "sa/sa01"])
def test_exact_names_find_what_globs_leave_out(name: str, tmp_path: Path) -> None:
    root = planted(tmp_path, name, f"{name}.1")
    assert contents(Catalog([root], skip=SKIP).find([name, "*"])) == {name: [name, f"{name}.1"]}


def test_directory_that_is_called_as_a_file_to_skip_is_searched(tmp_path: Path) -> None:
    root = planted(tmp_path, "btmp/a.log")
    assert names(Catalog([root], skip=SKIP).find(["**/*"])) == ["btmp/a.log"]


def test_what_is_skipped_is_never_noted(shared: Path) -> None:
    planted(shared, "a.log", "btmp", "btmp.1")
    (shared / "lastlog").symlink_to("/dev/null")
    (shared / "btmp").chmod(0)
    (shared / "btmp.1").chmod(0)
    with Unprivileged():
        notes = Notes()
        assert names(Catalog([shared], skip=SKIP).find(["**/*"], notes=notes)) == ["a.log"]
        assert noted(notes) == {}


def test_root_that_is_a_single_file_is_found_by_name_and_by_glob(root: Path) -> None:
    catalog = Catalog([root / "nginx", root / "syslog"])
    [by_name] = catalog.find(["syslog"])
    assert (by_name.name, read(by_name)) == ("syslog", b"syslog")
    assert names(catalog.find(["sys*"])) == names(catalog.find(["**/syslog"])) == ["syslog"]
    assert names(catalog.find(["*"])) == ["access.log", "error.log", "syslog"]
    assert names(catalog.find(["*/*"])) == ["old/access.log"]


def test_missing_root_is_unavailable_where_nothing_is_found(root: Path) -> None:
    catalog = Catalog([root, root / "volume"])
    expected = (Status.UNAVAILABLE, "the root volume is not there; is its volume mounted?")
    assert failure(catalog, "none.log") == expected
    assert failure(catalog, "*.none") == expected


def test_missing_root_is_named_beside_what_was_found(root: Path) -> None:
    found, volume = Catalog([root, root / "volume"]).find(["*.log"])
    assert found.name == "auth.log"
    assert (volume.name, refusal(volume)[0]) == ("volume/", Status.UNAVAILABLE)


def test_missing_root_does_not_hide_a_missing_file_of_the_same_name(root: Path) -> None:
    logs = Catalog([root, root / "volume"]).find(["auth.log", "volume"])
    assert names(logs) == ["auth.log", "volume", "volume/"]


def test_missing_root_does_not_hide_an_unreadable_directory_of_the_same_name(shared: Path) -> None:
    root = planted(shared / "log", "a.log", "private/b.log")
    (root / "private").chmod(0)
    with Unprivileged():
        notes = Notes()
        logs = Catalog([root, shared / "gone" / "private"]).find(["**/*.log"], notes=notes)
        statuses = {refusal(log)[0] for log in logs if log.name == "private/"}
        assert statuses == {Status.UNAVAILABLE}
        assert noted(notes) == {"unreadable": ("private/",)}


def test_root_that_vanished_since_the_file_was_found_is_unavailable(root: Path) -> None:
    [log] = Catalog([root]).find(["auth.log"])
    root.rename(root.with_name("unmounted"))
    assert refusal(log) == (Status.UNAVAILABLE, "the root log is not there; is its volume mounted?")


def test_no_descriptor_stays_open(root: Path) -> None:
    (root / "link").symlink_to("nginx")
    catalog = Catalog([root, root / "none"], max_walk=40)
    before = sum(1 for _ in Path("/proc/self/fd").iterdir())
    for patterns in (["**"], ["*", "**/*.log", "**/a*", "**/b*"], ["link/*"], ["none"], ["auth.log"]):
        try:
            catalog.find(patterns, limit=4)
        except Failure:
            continue
    assert sum(1 for _ in Path("/proc/self/fd").iterdir()) == before


def test_unready_names_the_root_that_is_not_there(tmp_path: Path) -> None:
    (tmp_path / "here").mkdir()
    catalog = Catalog([tmp_path / "here", tmp_path / "volume"])
    (reason,) = catalog.unready()
    assert "volume" in reason
    assert str(tmp_path) not in reason


def test_nothing_is_unready_where_every_root_is_there(tmp_path: Path) -> None:
    assert Catalog([tmp_path]).unready() == []


@pytest.mark.parametrize(
    ("pattern", "directories"),
    [
        ("nginx/*.log", {"", "nginx"}),
        ("none/*.log", {"", "none"}),
        ("none/there/*/*.log", {"", "none/there"}),
        ("nginx/access.log", {"", "nginx"}),
        ("nginx/old/access.log", {"", "nginx/old"}),
        ("syslog", {""}),
        ("nginx/*/access.log", {"", "nginx", "nginx/old"}),
    ],
)
def test_the_directories_where_more_may_turn_up_are_told(root: Path, pattern: str, directories: set[str]) -> None:
    looked: set[Path] = set()
    Catalog([root]).find(["syslog", pattern], looked=looked)
    assert looked == {root / directory for directory in directories}


def test_the_directory_of_a_root_that_is_a_file_is_told(root: Path) -> None:
    looked: set[Path] = set()
    Catalog([root / "syslog"]).find(["syslog"], looked=looked)
    assert looked == {root}
