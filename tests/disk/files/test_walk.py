"""Every way out of a root that is known, by names and by links, leads nowhere."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from logagent.core.outcome import Status
from logagent.disk.files.beneath import Root
from logagent.disk.files.walk import MAX_LINKS, Opener
from testbed.roots import (
    SECRET,
    Meanwhile,
    build,
    read,
    replace_by_link,
    status_of,
)

# Names that try to lead out.


@pytest.mark.parametrize(
    "name",
    [
        "../outside/secret.log",
        "nginx/../../outside/secret.log",
        "nginx/../a.log",
        "..",
        "../log/a.log",
        "../logs/secret.log",
    ],
)
def test_parent_components_are_refused(root: Path, name: str) -> None:
    assert status_of(root, name) is Status.NOT_FOUND


def test_absolute_name_is_refused_even_of_a_served_file(root: Path) -> None:
    assert status_of(root, str(root / "a.log")) is Status.NOT_FOUND


@pytest.mark.parametrize("name", ["", "/a.log", "nginx//b.log", "nginx/", "a.log/", "./a.log", "nginx/./b.log", "."])
def test_empty_and_dot_components_are_refused(root: Path, name: str) -> None:
    assert status_of(root, name) is Status.NOT_FOUND


def test_name_with_a_nul_is_refused(root: Path) -> None:
    assert status_of(root, "a.log\0.txt") is Status.NOT_FOUND


def test_name_that_no_file_can_have_is_refused(root: Path) -> None:
    assert status_of(root, "\ud800") is Status.NOT_FOUND


def test_percent_encoded_parent_is_not_decoded(root: Path) -> None:
    assert status_of(root, "%2e%2e/outside/secret.log") is Status.NOT_FOUND


def test_backslashes_do_not_separate(root: Path) -> None:
    assert status_of(root, "..\\outside\\secret.log") is Status.NOT_FOUND
    assert status_of(root, "nginx\\b.log") is Status.NOT_FOUND


def test_component_longer_than_a_file_name_is_not_found(root: Path) -> None:
    assert status_of(root, "x" * 300) is Status.NOT_FOUND


def test_file_is_no_directory(root: Path) -> None:
    assert status_of(root, "a.log/b.log") is Status.NOT_FOUND


# Links that try to lead out.


@pytest.mark.parametrize(
    "target", ["../outside/secret.log", "nginx/../../outside/secret.log", "../log/a.log", "../a.log"]
)
def test_relative_link_out_of_the_root_is_refused(root: Path, target: str) -> None:
    (root / "out.log").symlink_to(target)
    assert status_of(root, "out.log") is Status.NOT_FOUND


def test_absolute_link_out_of_the_root_is_refused(root: Path) -> None:
    (root / "out.log").symlink_to(root.parent / "outside" / "secret.log")
    assert status_of(root, "out.log") is Status.NOT_FOUND


def test_absolute_link_to_a_sibling_whose_name_begins_like_the_roots_is_refused(root: Path) -> None:
    (root / "out.log").symlink_to(root.parent / "logs" / "a.log")
    assert status_of(root, "out.log") is Status.NOT_FOUND


def test_absolute_link_that_passes_through_the_root_and_out_again_is_refused(root: Path) -> None:
    (root / "out.log").symlink_to(f"{root}/nginx/../../outside/secret.log")
    assert status_of(root, "out.log") is Status.NOT_FOUND


def test_linked_directory_out_of_the_root_is_refused(root: Path) -> None:
    (root / "out").symlink_to(root.parent / "outside")
    assert status_of(root, "out/secret.log") is Status.NOT_FOUND


def test_link_within_the_root_to_a_link_out_of_it_is_refused(root: Path) -> None:
    (root / "nginx" / "out").symlink_to("../../outside")
    (root / "in").symlink_to("nginx/out")
    assert status_of(root, "in/secret.log") is Status.NOT_FOUND


def test_parent_of_a_linked_directory_is_the_one_it_is_in(root: Path) -> None:
    """`near/..` is the directory above what `near` leads to: a reading of the text alone would come out elsewhere."""
    (root / "nginx" / "old").mkdir()
    (root / "near").symlink_to("nginx/old")
    (root / "link.log").symlink_to("near/../b.log")
    (root / "b.log").write_bytes(b"not this one")
    assert read(root, "link.log") == b"b"


def test_file_in_a_links_target_is_no_directory_to_go_up_from(root: Path) -> None:
    (root / "link.log").symlink_to("a.log/../nginx/b.log")
    assert status_of(root, "link.log") is Status.NOT_FOUND


def test_dangling_link_is_not_found(root: Path) -> None:
    (root / "gone.log").symlink_to("nothing")
    assert status_of(root, "gone.log") is Status.NOT_FOUND


def test_link_to_itself_is_not_found(root: Path) -> None:
    (root / "loop.log").symlink_to("loop.log")
    assert status_of(root, "loop.log") is Status.NOT_FOUND


def chain(root: Path, links: int) -> str:
    for number in range(links):
        (root / f"{number}").symlink_to(f"{number + 1}")
    (root / f"{links}").write_bytes(b"end")
    return "0"


def test_as_many_links_are_followed_as_are_allowed(root: Path) -> None:
    assert read(root, chain(root, MAX_LINKS)) == b"end"


def test_one_link_too_many_is_refused(root: Path) -> None:
    assert status_of(root, chain(root, MAX_LINKS + 1)) is Status.NOT_FOUND


@pytest.mark.parametrize("name", ["root/etc/passwd", "cwd", "exe", "fd/0", "ns/net", "task"])
def test_magic_links_of_proc_are_not_followed(name: str) -> None:
    assert status_of(Path("/proc/self"), name) is Status.NOT_FOUND


def test_magic_link_to_a_file_of_another_root_is_not_followed(root: Path) -> None:
    with (root / "a.log").open("rb") as file:
        assert status_of(Path("/proc/self/fd"), str(file.fileno())) is Status.NOT_FOUND


# Whatever the name, and whatever happens meanwhile.

LEADING_OUT = st.sampled_from(["..", ".", "", "out", "up", "outside", "logs", "%2e%2e", "..\\", "\\", "\0"])
LEADING_IN = st.sampled_from(["a.log", "b.log", "secret.log", "nginx", "in", "abs", "loop", "dots", "log"])
NAMES = st.lists(LEADING_OUT | LEADING_IN | st.text(max_size=4), max_size=7).map("/".join)


@contextmanager
def hostile_tree() -> Iterator[Path]:
    """A root, below a directory of its own, with links that lead everywhere."""
    top = Path(tempfile.mkdtemp()).resolve()
    try:
        build(top)
        root = top / "log"
        for name, target in {
            "out": "../outside",
            "up": "..",
            "in": "nginx",
            "abs": f"{root}/nginx",
            "loop": ".",
            "nginx/up": "..",
            "nginx/out": str(top / "outside"),
            "dots": "nginx/../../log/nginx",
            "secret.log": "nginx/out/secret.log",
        }.items():
            (root / name).symlink_to(target)
        yield root
    finally:
        shutil.rmtree(top)


def assert_inside_or_refused(root: Path, name: str, opener: Opener = os.open) -> None:
    inside = {path.stat().st_ino for path in (root / "a.log", root / "nginx" / "b.log")}
    try:
        with Root(root, opener).enter() as opened, opened.resolve(name) as place:
            descriptor = opened.open_file(place.resolved)
    except OSError:
        return
    try:
        assert os.fstat(descriptor).st_ino in inside
        assert Path(f"/proc/self/fd/{descriptor}").readlink().is_relative_to(root)
        assert os.read(descriptor, 100) != SECRET
    finally:
        os.close(descriptor)


@settings(deadline=None)
@given(NAMES)
def test_whatever_the_name_what_opens_is_below_the_root(name: str) -> None:
    with hostile_tree() as root:
        assert_inside_or_refused(root, name)


@settings(deadline=None)
@given(
    name=st.sampled_from(["nginx/b.log", "in/b.log", "abs/up/nginx/b.log", "loop/in/b.log", "nginx/up/a.log"]),
    moment=st.integers(0, 25),
    swapped=st.sampled_from(["nginx", "in", "abs", "a.log", "nginx/b.log", "nginx/up"]),
    target=st.sampled_from(["../outside", "../outside/nginx", "../outside/secret.log", "../../outside", "..", "nginx"]),
)
def test_whatever_is_swapped_at_whatever_moment_what_opens_is_below_the_root(
    name: str, moment: int, swapped: str, target: str
) -> None:
    opens = iter(range(100))
    with hostile_tree() as root:
        assert_inside_or_refused(
            root,
            name,
            Meanwhile(lambda path, flags: next(opens) == moment, lambda: replace_by_link(root / swapped, Path(target))),
        )


@pytest.mark.parametrize("links", [MAX_LINKS, MAX_LINKS + 1])
def test_as_many_links_are_followed_as_the_kernel_follows(root: Path, links: int) -> None:
    name = chain(root, links)
    if (follows := links <= MAX_LINKS) is not (root / name).exists():
        raise AssertionError("the kernel follows another number of links")
    assert (status_of(root, name) is Status.NOT_FOUND) if not follows else read(root, name) == b"end"


@pytest.mark.parametrize("target", ["nginx//b.log", "./nginx/b.log", "nginx/./b.log", ".//nginx/b.log"])
def test_empty_and_dot_components_of_a_links_target_mean_nothing(root: Path, target: str) -> None:
    (root / "link.log").symlink_to(target)
    (root / "absolute.log").symlink_to(f"{root}//./{target}")
    for name in ("link.log", "absolute.log"):
        with Root(root).enter() as opened, opened.resolve(name) as place:
            assert place.resolved == "nginx/b.log"


def test_a_links_target_may_end_with_a_slash(root: Path) -> None:
    (root / "web").symlink_to("nginx/")
    assert read(root, "web/b.log") == b"b"
