"""Which file systems tell of writes, from what proc(5) says of them."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from logagent.disk.watch import mounts
from logagent.disk.watch.mounts import Mount, Mounts, mount_number, notifies, notifies_at, parsed

LOCAL = "27 1 254:0 / / rw,relatime - ext4 /dev/vda rw,discard"
SUBVOLUME = "41 27 0:31 /@log /var/log rw,relatime shared:9 master:1 - btrfs /dev/sda2 rw,subvol=/@log"
REMOTE = "52 27 0:47 / /mnt/with\\040space\\134and\\011more rw,relatime shared:3 - nfs4 10.0.0.1:/logs rw,vers=4.2"
FUSED = "53 27 0:48 / /mnt/far ro - fuse.sshfs far:/ ro"
LAYERED = "60 1 0:60 / /layers rw - overlay overlay rw,lowerdir=/a - b"
OVER = "70 41 0:70 / /var/log rw - tmpfs none rw"


class Told:
    """Mounts as a test has them."""

    def __init__(self, *lines: str) -> None:
        self.lines = lines
        self.has_changed = False
        self.reads = 0
        self.mounts = Mounts(self._read, self._changed)

    def change(self, *lines: str) -> None:
        self.lines = lines
        self.has_changed = True

    def _read(self) -> str:
        self.reads += 1
        return "\n".join(self.lines) + "\n"

    def _changed(self) -> bool:
        changed, self.has_changed = self.has_changed, False
        return changed


@pytest.mark.parametrize(
    ("line", "mount"),
    [
        (LOCAL, Mount(27, "/", "ext4")),
        (SUBVOLUME, Mount(41, "/var/log", "btrfs")),
        (REMOTE, Mount(52, "/mnt/with space\\and\tmore", "nfs4")),
        (FUSED, Mount(53, "/mnt/far", "fuse.sshfs")),
        (LAYERED, Mount(60, "/layers", "overlay")),
    ],
)
def test_a_line_of_mountinfo_is_understood_with_any_number_of_optional_fields(line: str, mount: Mount) -> None:
    assert parsed(line + "\n") == [mount]


@pytest.mark.parametrize("line", ["", "nonsense", "27 1 254:0 / / rw", "x 1 0:1 / / rw - ext4 a b", "27 1 - ext4 a b"])
def test_a_line_that_is_not_as_documented_is_left_out(line: str) -> None:
    assert parsed(f"{line}\n{FUSED}\n") == [Mount(53, "/mnt/far", "fuse.sshfs")]


@pytest.mark.parametrize(
    ("number", "tells"), [(27, True), (41, True), (52, False), (53, False), (60, False), (99, False)]
)
def test_file_systems_that_others_write_to_and_unknown_mounts_do_not_tell(number: int, tells: bool) -> None:
    assert Told(LOCAL, SUBVOLUME, REMOTE, FUSED, LAYERED).mounts.tells(number) is tells


@pytest.mark.parametrize(
    ("path", "tells"),
    [("/", True), ("/srv/x", True), ("/mnt/far", False), ("/mnt/far/a/b", False), ("/mnt/farther", True)],
)
def test_a_path_lies_on_the_mount_that_is_nearest_above_it(path: str, tells: bool) -> None:
    assert Told(LOCAL, FUSED).mounts.tells_at(path) is tells


def test_of_two_mounts_at_one_point_the_later_is_seen() -> None:
    covered = "71 41 0:71 / /var/log rw - nfs far:/ rw"
    assert not Told(LOCAL, SUBVOLUME, covered).mounts.tells_at("/var/log/x")
    assert Told(LOCAL, covered, OVER).mounts.tells_at("/var/log/x")


def test_mounts_are_read_once_until_they_change() -> None:
    told = Told(LOCAL)
    assert not told.mounts.tells(70)
    assert told.mounts.tells(27)
    assert told.reads == 1
    told.change(LOCAL, OVER)
    assert told.mounts.tells(70)
    assert told.reads == 2


def test_a_number_given_out_again_is_judged_by_its_new_mount() -> None:
    told = Told(LOCAL, OVER)
    assert told.mounts.tells(70)
    told.change(LOCAL, "70 27 0:47 / /mnt rw - nfs far:/ rw")
    assert not told.mounts.tells(70)


def test_a_descriptor_says_on_which_mount_it_lies() -> None:
    assert mount_number("pos:\t0\nflags:\t02100000\nmnt_id:\t27\nino:\t5\n") == 27
    assert mount_number("pos:\t0\nflags:\t0\n") is None


def test_the_kernels_own_files_do_not_tell() -> None:
    descriptor = os.open("/proc/self/status", os.O_RDONLY)
    try:
        assert not notifies(descriptor)
        assert not notifies_at(Path("/proc/self/status"))
    finally:
        os.close(descriptor)


def test_several_threads_may_ask_at_a_time() -> None:
    descriptor = os.open("/proc/self/status", os.O_RDONLY)
    try:
        with ThreadPoolExecutor(4) as threads:
            told = list(threads.map(lambda _: notifies(descriptor), range(2000)))
        assert told == [False] * 2000
    finally:
        os.close(descriptor)


def test_where_proc_is_absent_nothing_tells(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(mounts, "ABOUT_DESCRIPTORS", tmp_path)
    assert not notifies(0)
