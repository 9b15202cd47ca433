"""From how large a log on the page cache is left as it was."""

from __future__ import annotations

from pathlib import Path

import pytest

from logagent.config.page_cache import SHARE, leaves_from

MEMINFO = {"proc/meminfo": "MemTotal:       1000 kB\nMemFree: 1 kB\n"}


@pytest.mark.parametrize(
    ("files", "memory"),
    [
        (MEMINFO, 1_024_000),
        (MEMINFO | {"proc/self/cgroup": "0::/\n"}, 1_024_000),
        (MEMINFO | {"proc/self/cgroup": "0::/a/b\n", "sys/fs/cgroup/a/b/memory.max": "max\n"}, 1_024_000),
        (MEMINFO | {"proc/self/cgroup": "0::/a/b\n", "sys/fs/cgroup/a/memory.max": "5000\n"}, 5000),
        (
            MEMINFO
            | {
                "proc/self/cgroup": "9:cpu:/a\n4:hugetlb,memory:/a\n",
                "sys/fs/cgroup/memory/a/memory.limit_in_bytes": "7000\n",
                "sys/fs/cgroup/memory/memory.limit_in_bytes": "9223372036854771712\n",
            },
            7000,
        ),
        ({"proc/self/cgroup": "nonsense\n"}, None),
    ],
    ids=["machine", "root group", "no limit", "a group above", "version 1", "unknown"],
)
def test_by_itself_it_is_a_tenth_of_the_memory_that_the_process_may_have(
    tmp_path: Path, files: dict[str, str], memory: int | None
) -> None:
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    assert leaves_from("auto", tmp_path) == (None if memory is None else memory // SHARE)


def test_it_may_be_said_for_all_logs() -> None:
    assert (leaves_from("keep"), leaves_from("leave")) == (None, 0)
