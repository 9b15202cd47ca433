"""Globs find what a plain search finds, and nothing outside of the root."""

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
from logagent.disk.catalog.catalog import Catalog, Log
from logagent.disk.catalog.rotated_names import rotation
from testbed.trees import Unprivileged, contents_of, failure, names, planted


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
    assert failure(Catalog([root]), "nginx/out/*") == (
        Status.NOT_FOUND,
        "no such file: nginx/out/*; leads out of the served roots: nginx/out",
    )


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


def dangling_below(root: Path, name: str = "", depth: int = 7) -> Iterator[str]:
    """The names of all links that lead nowhere within the root, as to a log between two steps of its rotation."""
    for path in (root / name).iterdir():
        child = f"{name}/{path.name}" if name else path.name
        if not Path(os.path.realpath(path)).is_relative_to(root):
            continue
        if not path.exists():
            yield child
        elif depth and path.is_dir():
            yield from dangling_below(root, child, depth - 1)


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
        if raised.status is not Status.NOT_FOUND and "leads out" not in raised.message:
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


def beside_target(root: Path, link: str) -> set[str]:
    """The generations of the log that a link leads to; of a generation, if it is the newest of a log without a file."""
    target = Path(os.path.realpath(root / link)).relative_to(root)
    if not (root / target).parent.is_dir():
        return set()
    beside = {path.name for path in (root / target).parent.iterdir()}
    place = rotation(target.name, ())
    log = place.log if place else target.name
    places = {name: of for name in beside if (of := rotation(name, beside)) and of.log == log}
    lonely = place is not None and (
        log in beside or min(places, key=lambda name: places[name].rank, default="") != target.name
    )
    return set() if lonely else {str(target.with_name(name)) for name in places}


def check(root: Path, globs: list[list[str]], *, rotated: bool) -> None:
    named = {name for name in paths_below(root) if matches(root, name, globs, rotated=rotated)}
    links = {name for name in named if (root / name).is_symlink()}
    links |= {name for name in dangling_below(root) if matches(root, name, globs, rotated=rotated)}
    matched = named.union(*(beside_target(root, link) for link in links if rotated))
    logs = found_or_none(Catalog([root]), list(map("/".join, globs)), rotated=rotated)
    files = [file for log in logs for file in log.generations]
    assert {file.resolved for file in files} == {str((root / name).resolve().relative_to(root)) for name in matched}
    assert len({file.resolved for file in files}) == len(files)
    assert names(logs) == sorted(set(names(logs)))
    for file in files:
        assert file.name in matched
        assert file.name == file.resolved or file.resolved not in named
        assert contents_of(file) == os.fsencode(file.resolved)


def test_a_link_to_a_generation_is_found_without_rotated_files_by_its_own_name(tmp_path: Path) -> None:
    (tmp_path / "a.log.1").write_text("a.log.1")
    (tmp_path / "l").symlink_to("a.log.1")
    check(tmp_path, [["*"]], rotated=False)
