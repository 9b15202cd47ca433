"""What can be opened below a root, and every way out of it that is known."""

from __future__ import annotations

import errno
import fcntl
import os
import shutil
import stat
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from logagent.core.outcome import Failure, Status
from logagent.disk.files import beneath
from logagent.disk.files.beneath import Root, failure_of
from logagent.disk.files.walk import MAX_DEPTH, MAX_LINKS, Opener

SECRET = b"outside every root"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A root with logs; beside it what must never be read: `outside`, and `logs`, whose name begins like the root's."""
    build(tmp_path)
    return tmp_path / "log"


def build(top: Path) -> None:
    (top / "log" / "nginx").mkdir(parents=True)
    (top / "log" / "a.log").write_bytes(b"a")
    (top / "log" / "nginx" / "b.log").write_bytes(b"b")
    for outside in ("outside", "logs"):
        (top / outside / "nginx").mkdir(parents=True)
        for name in ("secret.log", "a.log", "b.log", "nginx/b.log"):
            (top / outside / name).write_bytes(SECRET)


def read(root: Path, name: str, opener: Opener = os.open, *, between: Callable[[], object] = bool) -> bytes:
    """What is read under `name`, with `between` called after it is resolved and before it is opened."""
    served = Root(root, opener)
    with served.enter() as opened, opened.resolve(name) as place:
        resolved = place.resolved
    between()
    with served.enter() as opened:
        descriptor = opened.open_file(resolved or name)
    try:
        return os.read(descriptor, 100)
    finally:
        os.close(descriptor)


def status_of(root: Path, name: str, opener: Opener = os.open, *, between: Callable[[], object] = bool) -> Status:
    with pytest.raises(OSError) as raised:  # noqa: PT011 - which error it is, is the caller's question
        read(root, name, opener, between=between)
    return failure_of(raised.value, name).status


class Meanwhile:
    """`os.open`, with something that another process does just before the first open that fits."""

    def __init__(self, fits: Callable[[str, int], bool], act: Callable[[], object]) -> None:
        self._fits = fits
        self._act = act
        self.acted = False

    def __call__(self, path: str, flags: int, *, dir_fd: int | None = None) -> int:
        if not self.acted and self._fits(path, flags):
            self.acted = True
            self._act()
        return os.open(path, flags, dir_fd=dir_fd)


class Recorder:
    """`os.open`, keeping what was opened how; fails where something other than a regular file is opened for reading."""

    def __init__(self) -> None:
        self.opened: list[tuple[str, int]] = []

    def __call__(self, path: str, flags: int, *, dir_fd: int | None = None) -> int:
        self.opened.append((path, flags))
        if not flags & (os.O_PATH | os.O_DIRECTORY):
            assert stat.S_ISREG(os.stat(path, dir_fd=dir_fd).st_mode), "this open could hang or move a tape"
        return os.open(path, flags, dir_fd=dir_fd)


def is_last_open(path: str, flags: int) -> bool:
    return path.startswith("/proc/self/fd/")


def is_open_of(name: str) -> Callable[[str, int], bool]:
    return lambda path, flags: path == name


def replace_by_link(path: Path, target: Path) -> None:
    path.rename(path.with_name("moved away"))
    path.symlink_to(target)


# What works.


def test_file_is_read(root: Path) -> None:
    assert read(root, "nginx/b.log") == b"b"


def test_descriptor_is_for_reading_never_blocks_and_is_not_inherited(root: Path) -> None:
    with Root(root).enter() as opened:
        descriptor = opened.open_file("a.log")
    flags = fcntl.fcntl(descriptor, fcntl.F_GETFL)
    inherited = os.get_inheritable(descriptor)
    os.close(descriptor)
    assert flags & os.O_ACCMODE == os.O_RDONLY
    assert flags & os.O_NONBLOCK
    assert not inherited


def test_relative_link_within_the_root_is_followed(root: Path) -> None:
    (root / "nginx" / "up.log").symlink_to("../a.log")
    assert read(root, "nginx/up.log") == b"a"


def test_absolute_link_within_the_root_is_followed(root: Path) -> None:
    (root / "nginx" / "absolute.log").symlink_to(root / "a.log")
    assert read(root, "nginx/absolute.log") == b"a"


def test_absolute_link_is_followed_where_the_root_is_itself_named_by_a_link(root: Path) -> None:
    named = root.with_name("named")
    named.symlink_to(root)
    (root / "by link.log").symlink_to(named / "a.log")
    (root / "by path.log").symlink_to(root / "a.log")
    assert [read(named, "by link.log"), read(named, "by path.log")] == [b"a", b"a"]


def test_linked_directory_within_the_root_is_followed(root: Path) -> None:
    (root / "web").symlink_to("nginx")
    (root / "nginx" / "again").symlink_to(root / "web")
    assert read(root, "nginx/again/b.log") == b"b"


def test_resolved_name_holds_no_link(root: Path) -> None:
    (root / "web").symlink_to("nginx")
    (root / "nginx" / "c.log").symlink_to("../web/b.log")
    with Root(root).enter() as opened, opened.resolve("web/c.log") as place:
        assert place.resolved == "nginx/b.log"


def test_link_upwards_within_the_root_leads_to_the_directory_above_its_own(root: Path) -> None:
    (root / "nginx" / "old").mkdir()
    (root / "deep").symlink_to("nginx/old")
    (root / "nginx" / "old" / "b.log").symlink_to("../b.log")
    assert read(root, "deep/b.log") == b"b"


@pytest.mark.parametrize(
    "name",
    ["%2e%2e", "%2e%2e%2fa.log", "..\\a.log", "back\\slash.log", "...", "two\nlines.log", "caf\udce9.log", "é日"],
)
def test_unusual_name_is_taken_literally(root: Path, name: str) -> None:
    (root / name).write_bytes(b"odd")
    assert read(root, name) == b"odd"


def test_root_may_be_a_single_file(root: Path) -> None:
    assert read(root / "a.log", "a.log") == b"a"


def test_root_that_is_a_single_file_serves_nothing_beside_it(root: Path) -> None:
    (root / "c.log").write_bytes(b"c")
    assert status_of(root / "a.log", "c.log") is Status.NOT_FOUND


def test_root_given_relatively_stays_where_it_was(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(root.parent)
    served = Root(Path("log"))
    monkeypatch.chdir("/")
    with served.enter() as opened, opened.resolve("a.log") as place:
        assert place.status.st_size == 1


def test_volume_mounted_anew_is_seen_by_the_next_question(root: Path) -> None:
    served = Root(root)
    with served.enter():
        pass
    root.rename(root.with_name("unmounted"))
    root.mkdir()
    (root / "fresh.log").touch()
    with served.enter() as opened, opened.resolve("fresh.log") as place:
        assert place.resolved == "fresh.log"


def test_directory_is_opened_so_that_it_is_mounted_on_demand(root: Path) -> None:
    recorder = Recorder()
    read(root, "nginx/b.log", recorder)
    first = dict(reversed(recorder.opened))
    assert first[str(root)] & os.O_DIRECTORY
    assert first["nginx"] & os.O_DIRECTORY


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


# What is not a regular file.


def test_fifo_is_refused_without_being_opened(root: Path) -> None:
    os.mkfifo(root / "fifo.log")
    assert status_of(root, "fifo.log", Recorder()) is Status.NOT_FOUND


def test_socket_is_refused(root: Path) -> None:
    os.mknod(root / "socket.log", stat.S_IFSOCK | 0o600)
    assert status_of(root, "socket.log", Recorder()) is Status.NOT_FOUND


def test_device_is_refused_without_being_opened() -> None:
    assert status_of(Path("/dev"), "null", Recorder()) is Status.NOT_FOUND


def test_directory_is_refused(root: Path) -> None:
    assert status_of(root, "nginx", Recorder()) is Status.NOT_FOUND


def test_link_to_a_fifo_is_refused_without_opening_it(root: Path) -> None:
    os.mkfifo(root / "fifo")
    (root / "link.log").symlink_to("fifo")
    assert status_of(root, "link.log", Recorder()) is Status.NOT_FOUND


def test_root_that_is_a_fifo_serves_nothing(root: Path) -> None:
    os.mkfifo(root / "fifo.log")
    assert status_of(root / "fifo.log", "fifo.log", Recorder()) is Status.NOT_FOUND


def test_descriptor_that_is_not_of_a_regular_file_after_all_is_closed_and_refused(root: Path) -> None:
    given_out: list[int] = []

    def opener(path: str, flags: int, *, dir_fd: int | None = None) -> int:
        descriptor = (
            os.open("/dev/null", os.O_RDONLY) if is_last_open(path, flags) else os.open(path, flags, dir_fd=dir_fd)
        )
        given_out.append(descriptor)
        return descriptor

    assert status_of(root, "a.log", opener) is Status.NOT_FOUND
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(given_out[-1])


# What changes between check and open.


def test_file_swapped_for_a_link_out_after_it_was_resolved(root: Path) -> None:
    swap = lambda: replace_by_link(root / "a.log", root.parent / "outside" / "secret.log")  # noqa: E731
    assert status_of(root, "a.log", between=swap) is Status.NOT_FOUND


def test_file_swapped_for_a_link_within_the_root_after_it_was_resolved(root: Path) -> None:
    """Who may read what is decided on the resolved name: another file must not come in under it."""
    swap = lambda: replace_by_link(root / "a.log", Path("nginx/b.log"))  # noqa: E731
    assert status_of(root, "a.log", between=swap) is Status.NOT_FOUND


def test_link_turned_to_another_file_after_it_was_resolved_still_opens_the_first(root: Path) -> None:
    (root / "current.log").symlink_to("a.log")

    def turn() -> None:
        (root / "current.log").unlink()
        (root / "current.log").symlink_to("nginx/b.log")

    assert read(root, "current.log", between=turn) == b"a"


def test_file_swapped_for_a_link_out_between_check_and_open_is_read_itself(root: Path) -> None:
    swap = Meanwhile(is_last_open, lambda: replace_by_link(root / "a.log", root.parent / "outside" / "secret.log"))
    assert read(root, "a.log", swap) == b"a"
    assert swap.acted


def test_file_swapped_for_a_fifo_between_check_and_open_does_not_hang(root: Path) -> None:
    def put_a_fifo() -> None:
        (root / "a.log").rename(root / "moved")
        os.mkfifo(root / "a.log")

    swap = Meanwhile(is_last_open, put_a_fifo)
    assert read(root, "a.log", swap) == b"a"
    assert swap.acted


def test_file_deleted_between_check_and_open_is_read_to_its_end(root: Path) -> None:
    gone = Meanwhile(is_last_open, (root / "a.log").unlink)
    assert read(root, "a.log", gone) == b"a"
    assert gone.acted


def test_file_swapped_for_a_link_out_just_before_its_check(root: Path) -> None:
    swap = Meanwhile(
        is_open_of("a.log"), lambda: replace_by_link(root / "a.log", root.parent / "outside" / "secret.log")
    )
    assert status_of(root, "a.log", swap) is Status.NOT_FOUND
    assert swap.acted


def test_directory_swapped_for_a_link_out_just_before_its_check(root: Path) -> None:
    swap = Meanwhile(is_open_of("nginx"), lambda: replace_by_link(root / "nginx", root.parent / "outside" / "nginx"))
    assert status_of(root, "nginx/b.log", swap) is Status.NOT_FOUND
    assert swap.acted


def test_directory_swapped_for_a_link_out_after_its_check(root: Path) -> None:
    swap = Meanwhile(is_open_of("b.log"), lambda: replace_by_link(root / "nginx", root.parent / "outside" / "nginx"))
    with Root(root, swap).enter() as opened:
        descriptor = opened.open_file("nginx/b.log")
    assert swap.acted
    assert os.read(descriptor, 100) == b"b"
    os.close(descriptor)


def test_link_turned_out_of_the_root_after_it_was_opened_is_read_as_it_was(root: Path) -> None:
    """The link's own descriptor is read, so what stands in its place by then does not count."""
    (root / "link").symlink_to("nginx")
    turned = root / "turned"
    turned.symlink_to(root.parent / "outside")
    swap = Meanwhile(is_open_of("nginx"), lambda: turned.replace(root / "link"))
    assert read(root, "link/b.log", swap) == b"b"
    assert swap.acted


# What the system refuses.


def test_open_without_proc_says_so(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(beneath, "DESCRIPTORS", root / "no proc here")
    assert status_of(root, "a.log") is Status.UNAVAILABLE


@pytest.mark.parametrize(
    ("code", "status"),
    [
        (errno.EMFILE, Status.RESOURCE_EXHAUSTED),
        (errno.ENFILE, Status.RESOURCE_EXHAUSTED),
        (errno.EACCES, Status.PERMISSION_DENIED),
        (errno.EIO, Status.UNAVAILABLE),
        (errno.ESTALE, Status.UNAVAILABLE),
    ],
)
def test_error_of_the_system_becomes_a_status(root: Path, code: int, status: Status) -> None:
    def opener(path: str, flags: int, *, dir_fd: int | None = None) -> int:
        if path == "a.log":
            raise OSError(code, os.strerror(code), str(root / "a.log"))
        return os.open(path, flags, dir_fd=dir_fd)

    assert status_of(root, "a.log", opener) is status


def test_message_of_a_failure_holds_the_name_asked_for_and_no_path(root: Path) -> None:
    failure = failure_of(OSError(errno.EIO, "Input/output error", str(root / "a.log")), "a.log")
    assert failure.message == "input/output error: a.log"


def test_missing_root_is_unavailable_and_named_by_its_last_component(root: Path) -> None:
    with pytest.raises(Failure) as raised, Root(root / "volume").enter():
        pass
    assert raised.value.status is Status.UNAVAILABLE
    assert raised.value.message == "the root volume is not there; is its volume mounted?"


def test_file_as_deep_as_allowed_is_read(root: Path) -> None:
    assert read(root, deep(root, MAX_DEPTH)) == b"deep"


def test_file_too_deep_is_refused_by_a_limit_that_is_named(root: Path) -> None:
    assert status_of(root, deep(root, MAX_DEPTH + 1)) is Status.RESOURCE_EXHAUSTED


def deep(root: Path, directories: int) -> str:
    name = "/".join(["d"] * directories)
    (root / name).mkdir(parents=True)
    (root / name / "deep.log").write_bytes(b"deep")
    return f"{name}/deep.log"


def open_descriptors() -> int:
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


def test_no_descriptor_stays_open(root: Path) -> None:
    (root / "link").symlink_to(root / "nginx")
    (root / "out").symlink_to("../outside")
    (root / "loop").symlink_to("loop")
    before = open_descriptors()
    for name in ("link/b.log", "out/secret.log", "loop", "nginx", "nginx/none", "a.log/x", "nginx/b.log"):
        try:
            read(root, name)
        except OSError:
            continue
    assert open_descriptors() == before


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
