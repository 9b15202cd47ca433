"""Which files a name or a glob finds, and what is said of those that it does not."""

from __future__ import annotations

import fnmatch
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from logagent.core.outcome import Failure, Status
from logagent.disk.catalog.catalog import Catalog, Generation, Log
from logagent.disk.catalog.logs import MAX_GENERATIONS
from logagent.disk.catalog.rotated_names import rotation
from logagent.disk.files.walk import MAX_DEPTH

NOBODY = 65534


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return planted(
        tmp_path / "log", "syslog", "auth.log", "nginx/access.log", "nginx/error.log", "nginx/old/access.log"
    )


def planted(root: Path, *names: str) -> Path:
    """A directory with files that each hold their own name."""
    root.mkdir(parents=True, exist_ok=True)
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(os.fsencode(name))
    return root


@pytest.fixture
def shared() -> Iterator[Path]:
    """A directory that another user can reach, as pytest's own cannot be."""
    top = Path(tempfile.mkdtemp())
    top.chmod(0o755)
    yield top
    permit(top)
    shutil.rmtree(top)


def permit(directory: Path) -> None:
    """Undo what a test forbade, for its owner too must be able to delete it."""
    directory.chmod(0o755)
    for path in directory.iterdir():
        if not path.is_symlink() and path.is_dir():
            permit(path)


class Unprivileged:
    """A block in which permissions count: root, whom nothing is forbidden, becomes nobody for its length."""

    def __enter__(self) -> None:
        self._before = os.geteuid()
        if self._before == 0:
            os.seteuid(NOBODY)

    def __exit__(self, *_: object) -> None:
        os.seteuid(self._before)


def names(logs: list[Log]) -> list[str]:
    return [log.name for log in logs]


def read(log: Log) -> bytes:
    return contents_of(log.generations[0])


def contents_of(file: Generation) -> bytes:
    descriptor = file.open()
    try:
        return os.read(descriptor, 1000)
    finally:
        os.close(descriptor)


def refusal(log: Log) -> tuple[Status, str]:
    with pytest.raises(Failure) as raised:
        log.generations[0].open()
    return raised.value.status, raised.value.message


def failure(catalog: Catalog, *patterns: str, limit: int = 500) -> tuple[Status, str]:
    with pytest.raises(Failure) as raised:
        catalog.find(patterns, limit=limit)
    return raised.value.status, raised.value.message


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


def test_missing_file_is_not_found(root: Path) -> None:
    assert failure(Catalog([root]), "none.log") == (Status.NOT_FOUND, "no such file: none.log")


@pytest.mark.parametrize(
    "name",
    ["../outside.log", "/etc/passwd", "nginx", "out.log", "loop.log", "fifo.log", "a\0b", "", "syslog/x", "../*"],
)
def test_all_that_is_refused_reads_like_a_missing_file(root: Path, name: str) -> None:
    planted(root.parent, "outside.log")
    (root / "out.log").symlink_to("../outside.log")
    (root / "loop.log").symlink_to("loop.log")
    os.mkfifo(root / "fifo.log")
    assert failure(Catalog([root]), name) == (Status.NOT_FOUND, f"no such file: {name}")


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


# Globs.


@pytest.mark.parametrize(
    ("glob", "expected"),
    [
        ("*.log", ["auth.log"]),
        ("*", ["auth.log", "syslog"]),
        ("nginx/*.log", ["nginx/access.log", "nginx/error.log"]),
        ("n*/*.log", ["nginx/access.log", "nginx/error.log"]),
        ("*/*/*", ["nginx/old/access.log"]),
        ("**/*.log", ["auth.log", "nginx/access.log", "nginx/error.log", "nginx/old/access.log"]),
        ("**/access.log", ["nginx/access.log", "nginx/old/access.log"]),
        ("**/old/*", ["nginx/old/access.log"]),
        ("nginx/**", ["nginx/access.log", "nginx/error.log", "nginx/old/access.log"]),
        ("**", ["auth.log", "nginx/access.log", "nginx/error.log", "nginx/old/access.log", "syslog"]),
        ("**/**/sys*", ["syslog"]),
        ("**/nginx/**/a*", ["nginx/access.log", "nginx/old/access.log"]),
        ("[as]?[ts]*", ["auth.log", "syslog"]),
        ("[!a]*", ["syslog"]),
        ("?uth.log", ["auth.log"]),
        ("a**h.log", ["auth.log"]),
    ],
)
def test_glob_finds(root: Path, glob: str, expected: list[str]) -> None:
    assert names(Catalog([root]).find([glob])) == expected


@pytest.mark.parametrize(
    "glob",
    ["*.txt", "nginx*access.log", "nginx?error.log", "[n]ginx", "none/*", "syslog/*", "nginx/[e/]rror.log", "AUTH.*"],
)
def test_glob_that_matches_no_file_is_not_found(root: Path, glob: str) -> None:
    assert failure(Catalog([root]), glob) == (Status.NOT_FOUND, f"no such file: {glob}")


@pytest.mark.parametrize(
    "glob", ["../*", "nginx/../*", "/*", str(Path("/etc/*")), "*//*", "./*", "**/../*", "*/", "\0*"]
)
def test_glob_that_could_lead_out_finds_nothing(root: Path, glob: str) -> None:
    assert failure(Catalog([root]), glob)[0] is Status.NOT_FOUND


def test_glob_that_finds_nothing_beside_one_that_does_is_no_failure(root: Path) -> None:
    assert names(Catalog([root]).find(["*.txt", "auth.log"])) == ["auth.log"]


@pytest.mark.parametrize(
    ("glob", "expected"),
    [("*", ["shown"]), ("**", ["shown"]), (".*", [".hidden"]), ("[.]*", []), ("?hidden", []), (".d/*", [".d/in"])],
)
def test_glob_finds_hidden_files_only_where_it_spells_the_dot(tmp_path: Path, glob: str, expected: list[str]) -> None:
    root = planted(tmp_path, "shown", ".hidden", ".d/in")
    assert names(Catalog([root]).find([glob, "shown"])) == sorted({*expected, "shown"})


def test_backslash_in_a_glob_is_literal(tmp_path: Path) -> None:
    root = planted(tmp_path, "a\\b.log", "ab.log", "a*.log")
    assert names(Catalog([root]).find(["a\\*"])) == ["a\\b.log"]


def test_glob_finds_also_the_file_whose_name_it_is(tmp_path: Path) -> None:
    root = planted(tmp_path, "a[1].log", "a1.log", "[")
    assert names(Catalog([root]).find(["a[1].log"])) == ["a1.log", "a[1].log"]
    assert names(Catalog([root]).find(["["])) == ["["]


def test_glob_finds_only_regular_files(root: Path) -> None:
    planted(root.parent, "outside.log")
    os.mkfifo(root / "fifo.log")
    (root / "directory.log").mkdir()
    (root / "dangling.log").symlink_to("none")
    (root / "out.log").symlink_to("../outside.log")
    (root / "loop.log").symlink_to("loop.log")
    assert names(Catalog([root]).find(["*.log"])) == ["auth.log"]


def test_glob_does_not_enter_a_directory_that_is_linked_from_outside(root: Path) -> None:
    planted(root.parent / "outside", "secret.log")
    (root / "nginx" / "out").symlink_to(root.parent / "outside")
    assert names(Catalog([root]).find(["nginx/*/*.log"])) == ["nginx/old/access.log"]
    assert names(Catalog([root]).find(["**/*"])) == names(Catalog([root]).find(["**"]))
    assert failure(Catalog([root]), "nginx/out/*") == (Status.NOT_FOUND, "no such file: nginx/out/*")


def test_glob_enters_a_linked_directory_within_the_root(root: Path) -> None:
    (root / "web").symlink_to("nginx/old")
    for glob in ("web/*", "[w]eb/*", "w*/acc*"):
        [log] = Catalog([root]).find([glob])
        assert (log.name, log.generations[0].resolved) == ("web/access.log", "nginx/old/access.log")


def test_glob_over_directories_enters_a_linked_one_that_it_would_not_enter_otherwise(root: Path) -> None:
    planted(root, ".hidden/a.log")
    (root / "nginx" / "shown").symlink_to("../.hidden")
    assert names(Catalog([root]).find(["**/a.log"])) == ["nginx/shown/a.log"]


def test_file_with_several_names_goes_by_the_one_without_a_link(root: Path) -> None:
    (root / "a link").symlink_to("nginx")
    (root / "another.log").symlink_to("nginx/error.log")
    assert names(Catalog([root]).find(["*/error.log", "another.log"])) == ["nginx/error.log"]


def test_linked_directories_that_lead_in_circles_are_walked_once(root: Path) -> None:
    (root / "here").symlink_to(".")
    (root / "nginx" / "up").symlink_to("..")
    (root / "nginx" / "old" / "top").symlink_to(root)
    assert names(Catalog([root]).find(["**/access.log"])) == ["nginx/access.log", "nginx/old/access.log"]


def test_glob_opens_nothing_but_directories_on_its_way(root: Path) -> None:
    os.mkfifo(root / "fifo.log")
    opened: list[tuple[str, int]] = []

    def opener(path: str, flags: int, *, dir_fd: int | None = None) -> int:
        opened.append((path, flags))
        return os.open(path, flags, dir_fd=dir_fd)

    Catalog([root], opener=opener).find(["**"])
    assert all(flags & (os.O_PATH | os.O_DIRECTORY) for _, flags in opened)


def test_directory_is_not_listed_for_a_component_that_is_a_name(shared: Path) -> None:
    """One that may be entered but not listed still serves the names within, as in a shell."""
    planted(shared, "private/app/a.log")
    (shared / "private").chmod(0o111)
    with Unprivileged():
        assert names(Catalog([shared]).find(["private/app/*.log"])) == ["private/app/a.log"]


# Limits.


def test_more_files_than_the_limit_are_refused_with_their_number(root: Path) -> None:
    expected = (Status.RESOURCE_EXHAUSTED, "4 files match, more than 3; narrow the glob")
    assert failure(Catalog([root]), "**/*.log", limit=3) == expected


def test_as_many_files_as_the_limit_are_found(root: Path) -> None:
    assert len(Catalog([root]).find(["**/*.log"], limit=4)) == 4


def test_glob_that_looks_at_too_many_entries_is_refused(root: Path) -> None:
    status, message = failure(Catalog([root], max_comparisons=10), "**/*.log")
    assert status is Status.RESOURCE_EXHAUSTED
    assert message == "glob too wide: more than 10 comparisons with directory entries; narrow it"


def test_names_of_one_directory_alone_can_be_too_many(tmp_path: Path) -> None:
    root = planted(tmp_path, *(f"{number}" for number in range(20)))
    assert failure(Catalog([root], max_comparisons=20), "*.log")[0] is Status.RESOURCE_EXHAUSTED
    assert failure(Catalog([root], max_comparisons=21), "*.log")[0] is Status.NOT_FOUND


def test_globs_of_one_question_share_the_bound(root: Path) -> None:
    catalog = Catalog([root], max_comparisons=15)
    assert len(catalog.find(["*"])) == 2
    assert failure(catalog, *("*" + "?" * length for length in range(5)))[0] is Status.RESOURCE_EXHAUSTED


def test_directories_too_deep_are_named_beside_what_was_found(root: Path) -> None:
    planted(root, "/".join(["d"] * (MAX_DEPTH + 1)) + "/deep.log")
    *found, deep = Catalog([root]).find(["a*", "d/**"])
    assert names(found) == ["auth.log"]
    assert deep.name == "d/" * (MAX_DEPTH + 1) + "deep.log"
    assert refusal(deep) == (Status.RESOURCE_EXHAUSTED, f"more than {MAX_DEPTH} directories deep: {deep.name}")


# What may not be read.


def test_unreadable_file_is_found_and_refused_when_it_is_opened(shared: Path) -> None:
    planted(shared, "a.log", "b.log")
    (shared / "b.log").chmod(0)
    with Unprivileged():
        readable, unreadable = Catalog([shared]).find(["*.log"])
        assert read(readable) == b"a.log"
        assert (unreadable.name, unreadable.size) == ("b.log", 5)
        assert refusal(unreadable) == (Status.PERMISSION_DENIED, "permission denied: b.log")


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
        found, private = Catalog([shared]).find(["**/*.log"])
        assert found.name == "a.log"
        assert (private.name, refusal(private)) == (
            "private/",
            (Status.PERMISSION_DENIED, "permission denied: private/"),
        )


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
        _, linked = Catalog([shared]).find(["*.log"])
        assert refusal(linked) == (Status.PERMISSION_DENIED, "permission denied: b.log")


# Several roots.


def test_name_is_that_of_the_first_root_that_has_it(tmp_path: Path) -> None:
    first = planted(tmp_path / "first", "both.log")
    second = planted(tmp_path / "second", "both.log", "only.log")
    (second / "both.log").write_bytes(b"second")
    both, only = Catalog([first, second]).find(["both.log", "only.log"])
    assert (read(both), read(only)) == (b"both.log", b"only.log")


def test_glob_finds_a_name_of_two_roots_once_in_the_first(tmp_path: Path) -> None:
    first = planted(tmp_path / "first", "both.log")
    second = planted(tmp_path / "second", "both.log", "only.log")
    (second / "both.log").write_bytes(b"second")
    both, only = Catalog([first, second]).find(["*.log"])
    assert (read(both), only.name) == (b"both.log", "only.log")


def test_link_from_one_root_to_another_is_refused(tmp_path: Path) -> None:
    first, second = planted(tmp_path / "first"), planted(tmp_path / "second", "a.log")
    (first / "link.log").symlink_to(second / "a.log")
    assert failure(Catalog([first, second]), "link.log")[0] is Status.NOT_FOUND


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
        logs = Catalog([root, shared / "gone" / "private"]).find(["**/*.log"])
        statuses = {refusal(log)[0] for log in logs if log.name == "private/"}
        assert statuses == {Status.PERMISSION_DENIED, Status.UNAVAILABLE}


def test_root_that_vanished_since_the_file_was_found_is_unavailable(root: Path) -> None:
    [log] = Catalog([root]).find(["auth.log"])
    root.rename(root.with_name("unmounted"))
    assert refusal(log) == (Status.UNAVAILABLE, "the root log is not there; is its volume mounted?")


def test_no_descriptor_stays_open(root: Path) -> None:
    (root / "link").symlink_to("nginx")
    catalog = Catalog([root, root / "none"], max_comparisons=40)
    before = sum(1 for _ in Path("/proc/self/fd").iterdir())
    for patterns in (["**"], ["*", "**/*.log", "**/a*", "**/b*"], ["link/*"], ["none"], ["auth.log"]):
        try:
            catalog.find(patterns, limit=4)
        except Failure:
            continue
    assert sum(1 for _ in Path("/proc/self/fd").iterdir()) == before


# Generations.

ROTATED = ("app.log", "app.log.1", "app.log.2.gz", "app.log.10.gz")


@pytest.fixture
def rotated(tmp_path: Path) -> Path:
    return planted(tmp_path / "log", *ROTATED, "app.log.notes", "web-1.log", "web.log", "a/old.log.1", "b/lone.log.gz")


def contents(logs: list[Log]) -> dict[str, list[str]]:
    """The names of each log's files, newest first."""
    return {log.name: [generation.name for generation in log.generations] for log in logs}


def found(root: Path, *patterns: str, rotated: bool = True) -> dict[str, list[str]]:
    return contents(Catalog([root]).find(patterns, rotated=rotated))


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


def test_log_is_that_of_the_first_root_that_has_its_live_file(tmp_path: Path) -> None:
    first = planted(tmp_path / "first", "app.log.1", "db.log.1")
    second = planted(tmp_path / "second", "app.log", "app.log.1", "db.log.2")
    for pattern in ("*.log", "*"):
        app, db = Catalog([first, second]).find([pattern])
        assert ([file.root for file in app.generations], app.root) == ([second, second], second)
        assert ([file.name for file in db.generations], db.root) == (["db.log.1"], first)


def test_generation_named_in_one_root_says_nothing_about_another(tmp_path: Path) -> None:
    first, second = planted(tmp_path / "first", "app.log.1"), planted(tmp_path / "second", "app.log", "app.log.1")
    assert contents(Catalog([first, second]).find(["app.log.1"])) == {"app.log.1": ["app.log.1"]}


def test_generations_do_not_count_as_files(rotated: Path) -> None:
    assert len(Catalog([rotated]).find(["app.log"], limit=1)) == 1
    assert failure(Catalog([rotated]), "*.log", limit=2)[1] == "3 files match, more than 2; narrow the glob"


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
    log, unsearched = Catalog([root], max_comparisons=20).find(["app.log"])
    assert read(log) == b"app.log"
    assert refusal(unsearched) == (
        Status.RESOURCE_EXHAUSTED,
        "too many files beside app.log to find its rotated generations; ask without them",
    )
    assert names(Catalog([root], max_comparisons=0).find(["app.log"], rotated=False)) == ["app.log"]


# Whatever the tree and the glob: as a search that knows nothing of descriptors finds it.

DIRECTORIES = ("d", "d/e", ".h")
FILES = ("a.log", "b", ".c.log", "a[b]", "a.log.1", "a.log.2.gz", ".c.log-20261123", "b-1.gz")
PARENTS = st.sampled_from(["", *(f"{directory}/" for directory in DIRECTORIES)])
PATHS = st.builds(str.__add__, PARENTS, st.sampled_from(FILES))
LINKS = st.tuples(
    st.builds(str.__add__, PARENTS, st.sampled_from(["l", "m.log"])),
    PATHS | st.sampled_from([*DIRECTORIES, ".", "l", "none", "../outside", "../outside/secret.log"]),
    st.booleans(),
)
COMPONENTS = st.sampled_from(
    ["*", "?", "*.log", "d", "e", "l", "[ab]*", "[!b]*", ".*", "a[b]", "b", ".h", "a.log", "[", "*.1", "a.log.1"]
)
GLOBS = st.lists(COMPONENTS, min_size=1, max_size=2).flatmap(
    lambda parts: st.sampled_from([parts, ["**", *parts], [*parts, "**"], [parts[0], "**", *parts[1:]]])
)


def grow(root: Path, files: set[str], links: dict[str, tuple[str, bool]]) -> None:
    planted(root.parent / "outside", "secret.log", "a.log")
    planted(root, *files)
    for directory in DIRECTORIES:
        (root / directory).mkdir(exist_ok=True)
    for name, (target, absolute) in links.items():
        relative = os.path.relpath(root / target, (root / name).parent)
        (root / name).symlink_to(root / target if absolute else relative)


def paths_below(root: Path, name: str = "", depth: int = 7) -> Iterator[str]:
    """The names of all files below, through links, as long as no step leads out of the root."""
    for path in (root / name).iterdir():
        child = f"{name}/{path.name}" if name else path.name
        if not path.exists() or not path.resolve().is_relative_to(root):
            continue
        if path.is_file():
            yield child
        elif depth:
            yield from paths_below(root, child, depth - 1)


def fits(parts: list[str], glob: list[str]) -> bool:
    if not glob or not parts:
        return not glob and not parts
    hidden = parts[0].startswith(".") and not glob[0].startswith(".")
    if glob[0] == "**":
        as_directory = len(parts) > 1 and not hidden and fits(parts[1:], glob)
        return as_directory or fits(parts, glob[1:] or ["*"])
    return not hidden and fnmatch.fnmatchcase(parts[0], glob[0]) and fits(parts[1:], glob[1:])


@settings(deadline=None)
@given(
    files=st.sets(PATHS, max_size=6),
    links=st.lists(LINKS, max_size=3),
    globs=st.lists(GLOBS, min_size=1, max_size=2),
    rotated=st.booleans(),
)
def test_find_agrees_with_a_plain_search(
    files: set[str], links: list[tuple[str, str, bool]], globs: list[list[str]], rotated: bool
) -> None:
    top = Path(tempfile.mkdtemp()).resolve()
    try:
        root = top / "log"
        grow(root, files, {name: (target, absolute) for name, target, absolute in links})
        check(root, globs, rotated=rotated)
    finally:
        shutil.rmtree(top)


def found_or_none(catalog: Catalog, patterns: list[str], *, rotated: bool) -> list[Log]:
    try:
        return [log for log in catalog.find(patterns, rotated=rotated) if log.root]
    except Failure as raised:
        if raised.status is not Status.NOT_FOUND:
            raise
        return []


def matches(root: Path, name: str, globs: list[list[str]], *, rotated: bool) -> bool:
    """Whether a file is found: by its exact name, by a glob for it, or by a glob for the log that it belongs to."""
    place = rotation(name, {path.name for path in (root / name).parent.iterdir()})
    by_glob = any(fits(name.split("/"), glob) for glob in globs)
    if name in map("/".join, globs) or place is None:
        return by_glob or name in map("/".join, globs)
    if not rotated:
        return any(fits(name.split("/"), glob) and glob[-1] == name.split("/")[-1] for glob in globs)
    return by_glob or any(place.log == "/".join(glob) or fits(place.log.split("/"), glob) for glob in globs)


def check(root: Path, globs: list[list[str]], *, rotated: bool) -> None:
    matched = {name for name in paths_below(root) if matches(root, name, globs, rotated=rotated)}
    logs = found_or_none(Catalog([root]), list(map("/".join, globs)), rotated=rotated)
    files = [file for log in logs for file in log.generations]
    assert {file.resolved for file in files} == {str((root / name).resolve().relative_to(root)) for name in matched}
    assert len({file.resolved for file in files}) == len(files)
    assert names(logs) == sorted(set(names(logs)))
    for file in files:
        assert file.name in matched
        assert file.name == file.resolved or file.resolved not in matched
        assert contents_of(file) == os.fsencode(file.resolved)


def test_unready_names_the_root_that_is_not_there(tmp_path: Path) -> None:
    (tmp_path / "here").mkdir()
    catalog = Catalog([tmp_path / "here", tmp_path / "volume"])
    (reason,) = catalog.unready()
    assert "volume" in reason
    assert str(tmp_path) not in reason


def test_nothing_is_unready_where_every_root_is_there(tmp_path: Path) -> None:
    assert Catalog([tmp_path]).unready() == []
