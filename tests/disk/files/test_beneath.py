"""What can be opened below a root, and every way out of it that is known."""

from __future__ import annotations

import errno
import fcntl
import os
import stat
from pathlib import Path

import pytest

from logagent.core.outcome import Failure, Status
from logagent.disk.files import beneath
from logagent.disk.files.beneath import Root, failure_of
from logagent.disk.files.walk import MAX_DEPTH
from testbed.roots import (
    Meanwhile,
    Recorder,
    is_last_open,
    is_open_of,
    open_descriptors,
    read,
    replace_by_link,
    status_of,
)

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


def test_file_that_is_to_be_read_is_not_tried_as_a_directory_first(root: Path) -> None:
    recorder = Recorder()
    with Root(root, recorder).enter() as opened:
        os.close(opened.open_file("nginx/b.log"))
    assert [flags & os.O_DIRECTORY for name, flags in recorder.opened if name == "b.log"] == [0]


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


def test_the_root_of_the_file_system_is_named_by_its_slash() -> None:
    assert Root(Path("/")).name == "/"


def test_a_root_that_may_not_be_opened_is_permission_denied(root: Path) -> None:
    def opener(path: str, flags: int, *, dir_fd: int | None = None) -> int:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), path)

    with pytest.raises(Failure) as raised, Root(root, opener).enter():
        pass
    assert (raised.value.status, raised.value.message) == (
        Status.PERMISSION_DENIED,
        "permission denied: the root log",
    )


def test_a_file_that_is_called_like_its_root_is_found(root: Path) -> None:
    (root / "log").write_bytes(b"of the same name")
    assert read(root, "log") == b"of the same name"


def test_a_directory_is_never_reached_through_a_link(root: Path) -> None:
    (root / "web").symlink_to("nginx")
    with Root(root).enter() as opened:
        with opened.directory("nginx") as place:
            assert place.resolved == "nginx"
        with opened.directory("") as place:
            assert place.resolved == ""
        with pytest.raises(OSError, match="too many links") as raised, opened.directory("web"):
            pass
    assert raised.value.errno == errno.ELOOP


def test_directory_swapped_for_a_link_after_it_was_resolved_is_not_listed(root: Path) -> None:
    (root / "other").mkdir()
    with Root(root).enter() as opened:
        with opened.resolve("nginx") as place:
            resolved = place.resolved
        replace_by_link(root / "nginx", root / "other")
        with pytest.raises(OSError, match="too many links"), opened.directory(resolved):
            pass


def test_a_file_that_is_gone_from_proc_is_missing_and_proc_is_not_blamed(root: Path) -> None:
    def opener(path: str, flags: int, *, dir_fd: int | None = None) -> int:
        if is_last_open(path, flags):
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), path)
        return os.open(path, flags, dir_fd=dir_fd)

    assert status_of(root, "a.log", opener) is Status.NOT_FOUND


def test_an_error_without_a_number_is_one_of_input_and_output() -> None:
    failure = failure_of(OSError("unknown"), "a.log")
    assert (failure.status, failure.message) == (Status.UNAVAILABLE, "input/output error: a.log")


def test_a_limit_on_depth_is_told_with_its_number() -> None:
    failure = failure_of(OSError(errno.E2BIG, "too many directories"), "a.log")
    assert failure.message == "more than 64 directories deep: a.log"
