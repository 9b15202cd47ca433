"""Which files are generations of which log, and which of them is the newer."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logagent.disk.catalog.rotated_names import (
    COMPRESSION_SUFFIXES,
    LIVE,
    NAMINGS,
    Naming,
    Rotation,
    beginnings,
    compiled,
    has_compressed_name,
    rotation,
    uncompressed_name,
)

# One example for each row of the table, in its order: file, log, the names that must lie beside it.
EXAMPLES = [
    ("app.log-20261123", "app.log", ""),
    ("app-20261123.log", "app.log", ""),
    ("app.log.2026-11-23_10-00-00", "app.log", ""),
    ("postgresql-2026-11-23_100000.log", "postgresql.log", ""),
    ("app.web-1.root.log.INFO.20261123-100000.4711", "app.web-1.root.log.INFO", ""),
    ("app-20261123-100000-2.log", "app.log", ""),
    ("app.log.2026-11-23_10-00", "app.log", ""),
    ("app-202611231000.log", "app.log", ""),
    ("app.log-2026112310", "app.log", ""),
    ("app-2026-11-23T10.log", "app.log", ""),
    ("app.log-20261123-1732320000", "app.log", ""),
    ("app-20261123-1732320000.log", "app.log", ""),
    ("app.log.2026-11-23.1", "app.log", ""),
    ("app.2026-11-23.0.log", "app.log", ""),
    ("app.log.2026-11", "app.log", ""),
    ("app-2026-11.log", "app.log", ""),
    ("app.log20261123", "app.log", ""),
    ("log20261123.txt", "log.txt", ""),
    ("log20261123_001.txt", "log.txt", ""),
    ("log2026112310.txt", "log.txt", ""),
    ("log202611231005.txt", "log.txt", ""),
    ("u_ex261123.log", "u_ex.log", ""),
    ("@400000006925f5a40c5c1e5c.s", "current", ""),
    ("app.log-1732320000", "app.log", "app.log"),
    ("app-1732320000.log", "app.log", "app.log"),
    ("app.log.261123", "app.log", "app.log"),
    ("app-261123.log", "app.log", "app.log"),
    ("app.log.1", "app.log", ""),
    ("gc.log.3.current", "gc.log", ""),
    ("server1.1", "server1", "server1"),
    ("app-1.log.gz", "app.log", "app.log"),
    ("app.log1", "app.log", "app.log"),
    ("Xorg.0.log.old", "Xorg.0.log", "Xorg.0.log"),
    ("app.old.log", "app.log", "app.log"),
]


def log_of(name: str, *beside: str) -> str | None:
    found = rotation(name, beside)
    return found and found.log


def test_each_row_of_the_table_has_an_example() -> None:
    assert len(EXAMPLES) == len(NAMINGS)


def readable(naming: Naming, name: str) -> bool:
    return compiled(naming.shape).fullmatch(uncompressed_name(name)) is not None


@pytest.mark.parametrize(("row", "example"), list(enumerate(EXAMPLES)))
def test_row_of_the_table_is_the_first_to_read_its_example(row: int, example: tuple[str, str, str]) -> None:
    name, log, beside = example
    assert [readable(naming, name) for naming in NAMINGS].index(True) == row
    assert log_of(name, beside) == log
    if beside:
        assert log_of(name) is None


@pytest.mark.parametrize(
    "name",
    [
        "app.log.2.gz",
        "app.log.0",
        "app.log-20261123.zst",
        "app.log-20261123-1732320000.gz",
        "app.log.2026-11-23",
        "app-2026-11-23.log",
        "app-2026-11-23-1.log.gz",
        "app.2026-11-23.0.log",
        "app.log.2026-11-23-10",
        "app.log.2026-11-23-10-1",
        "app_2026_11_23.log.xz",
        "app-2026-11-23.log.bz2",
        "app.log.1.lz4",
        "app.log.1.Z",
        "app.log.1.lzma",
        "app-2026-11-23-1.log.zip",
        "app-20261123.log.1.gz",
        "app.log.20261123",
    ],
)
def test_generation_without_its_log_beside_it(name: str) -> None:
    assert log_of(name) == "app.log"


@pytest.mark.parametrize(
    ("name", "log"),
    [
        ("syslog.1", "syslog"),
        ("messages-20261123", "messages"),
        ("Xorg.0.log.1.gz", "Xorg.0.log"),
        ("0.log.20261123-100000.gz", "0.log"),
        ("10.0.0.1.log.1", "10.0.0.1.log"),
        ("web-1.log.2.gz", "web-1.log"),
        ("nginx1.log-20261123", "nginx1.log"),
        ("localhost_access_log.2026-11-23.txt", "localhost_access_log.txt"),
        ("catalina.2026-11-23.log", "catalina.log"),
        ("app__2026-11-23_00-00-00.log", "app.log"),
        ("app-20261123_001.txt", "app.txt"),
        ("u_ex26112310.log", "u_ex.log"),
        ("u_ex261123_x.log", "u_ex.log"),
        ("ex261123.log", "ex.log"),
        ("app-2026-11-23T10-00-00.000.log.gz", "app.log"),
        ("a/@400000006925f5a40c5c1e5c.u", "a/current"),
        ("@400000006925f5a40c5c1e5c", "current"),
        ("a/b/app.log.1", "a/b/app.log"),
        ("2026-11-23/app.log.1", "2026-11-23/app.log"),
        (".hidden.log.1", ".hidden.log"),
        ("caf\udce9.log.1", "caf\udce9.log"),
    ],
)
def test_generation_of_a_log_of_another_name(name: str, log: str) -> None:
    assert log_of(name) == log


@pytest.mark.parametrize(
    "name",
    [
        *("nginx1.log", "web-1.log", "app-2.log", "app.1.log", "10.0.0.1.log", "server-8080.log", "app-1.log"),
        *("10.0.0.1", "server.8080", "mysql-bin.000123", "postgresql-9.6", "Xorg.0.log", "app.log", "syslog", "1"),
        *("app.log.20261399", "app-20260230.log", "app.log.2026-13", "app.log-1899-01-01", "app20261323.log"),
        *("2026-11-23.log", "20261123", "-20261123.log", "..1", ".1", "app-11-23-2026.log", "app.log.old", "", "a/1"),
        *("app.log1", "app.log.bak", "app.old.log", "app.log.261123", "u_ex261323.log", "postgresql-Sat.log", "@4.s"),
        *("@300000006925f5a40c5c1e5c.s", "u_extend1.log", "current", "bold", "gold.log", "app.log.1732320000"),
        *("app.log.Z", "app.log.zstd", "app.log.tar", ".gz", "web-1.log.gz", "old.log.gz", "10.0.0.1.log.gz"),
    ],
)
def test_log_of_its_own(name: str) -> None:
    assert log_of(name) is None
    assert log_of(name, name) is None


@pytest.mark.parametrize(
    ("name", "beside", "log"),
    [
        ("old.log.gz", ("old.log",), "old.log"),
        ("web-1.log.gz", ("web-1.log",), "web-1.log"),
        ("web-1.log.gz", ("web-1.log", "web.log"), "web-1.log"),
        ("web-1.log.gz", ("web.log",), "web.log"),
        ("web-1.log", ("web.log", "web-1.log"), None),
        ("web.1.log", ("web.log",), None),
        ("web.1.log.gz", ("web.log",), "web.log"),
        ("10.0.0.1.log.gz", ("10.0.0.1.log",), "10.0.0.1.log"),
        ("server.8080", ("server",), "server"),
        ("app.log.bak", ("app.log",), "app.log"),
        ("app.log.old.gz", ("app.log",), "app.log"),
        ("app.log.old.1", ("app.log", "app.log.old"), "app.log"),
        ("syslog-old", ("syslog",), "syslog"),
        ("app-old.log", ("app.log",), None),
        ("app.log2.gz", ("app.log",), "app.log"),
        ("web2.log", ("web.log",), None),
        ("app.log.991323", ("app.log",), "app.log"),
        ("app.log.1732320000", ("app.log",), "app.log"),
        ("app.log.1.1", (), None),
        ("app.log.1.1", ("app.log.1",), "app.log"),
        ("app.log.1.gz", ("app.log.1",), "app.log"),
        ("app.log.gz.1", (), "app.log.gz"),
        ("app-2026-11-23.log.gz", ("app-2026-11-23.log",), "app.log"),
    ],
)
def test_what_lies_beside_decides_where_a_name_leaves_doubt(
    name: str, beside: tuple[str, ...], log: str | None
) -> None:
    assert log_of(name, *beside) == log


def newest_first(*files: tuple[str, int] | str, live: str = "app.log") -> list[str]:
    """The names in order; each may have a time of modification."""

    def order(file: tuple[str, int] | str) -> object:
        name, modified = file if isinstance(file, tuple) else (file, 0)
        return (rotation(name, {live}) or Rotation(name, LIVE)).order(modified)

    return [file[0] if isinstance(file, tuple) else file for file in sorted(files, key=order)]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "names",
    [
        ("app.log", "app.log.1", "app.log.2.gz", "app.log.10.gz"),
        ("app.log", "app.log.0", "app.log.1"),
        ("app.log", "app.log-20261123", "app.log-20261122.zst", "app.log-20251231.gz"),
        ("app.log", "app.log.2026-11-23_10-00-01", "app.log.2026-11-23_10-00-00", "app.log.2026-11-22_23-59-59"),
        ("app.log", "app.log.2026-11-23-10", "app.log.2026-11-23-09", "app.log.2026-11-22-23"),
        ("app.log", "app.log-2026112310", "app.log-2026112309"),
        ("app.log", "app.log-20261123-1732320001.gz", "app.log-20261123-1732320000.gz", "app.log-20261122-1832320000"),
        ("app.log", "app.log-1732320000", "app.log-1732233600"),
        ("app.log", "app.log.2026-11", "app.log.2026-10", "app.log.2025-12"),
        ("app.log", "app.log-20261123", "app.log.1", "app.log.2.gz", "app.log.gz"),
        ("app.log", "app.log.261123", "app.log.261122", "app.log.251231"),
        ("u_ex261123.log", "u_ex261122.log", "u_ex251231.log"),
        ("log20261123_002.txt", "log20261123_001.txt", "log20261123.txt", "log20261122.txt"),
        ("@4000000069230001deadbeef.s", "@400000006923000100000001.u", "@400000006922ffff00000000.s"),
        ("app.log", "app.log1", "app.log2", "app.log10"),
        ("app.log", "app.log.1", "app.log.old"),
        ("app.log.1.current", "app.log.0", "app.log.2"),
        ("app.log", "app-2026-11-23-2.log", "app-2026-11-23-1.log", "app-2026-11-22-10.log", "app-2026-11-22-9.log"),
        ("app.log", "app-2026-11-23.log.1", "app-2026-11-22.log"),
    ],
)
def test_names_alone_order_generations(names: tuple[str, ...]) -> None:
    for shuffled in itertools.permutations(names):
        assert newest_first(*shuffled) == list(names)


def test_file_modified_later_is_the_newer_within_one_date() -> None:
    files = [("app-2026-11-23-1.log.gz", 30), ("app-2026-11-23-2.log.gz", 20), ("app-2026-11-24-1.log.gz", 10)]
    assert newest_first(*files) == [files[2][0], files[0][0], files[1][0]]


def test_number_goes_before_the_time_of_modification() -> None:
    assert newest_first(("app.log.1", 1), ("app.log.2", 2)) == ["app.log.1", "app.log.2"]


def test_only_a_number_without_a_date_makes_a_place_numbered() -> None:
    found = [rotation(name, {"app.log"}) for name in ("app.log.1", "app.log-20261123.1", "app.log.old")]
    assert [one is not None and one.numbered for one in found] == [True, False, False]


def test_a_place_says_whether_its_log_lies_beside() -> None:
    found = [rotation("a/app.log.1", beside) for beside in ({"app.log", "app.log.1"}, {"app.log.1"})]
    assert [one is not None and one.live for one in found] == [True, False]


def test_packing_is_known_by_the_suffix() -> None:
    assert [
        name
        for name in (*(f"a{suffix}" for suffix in COMPRESSION_SUFFIXES), "a.zstd", "a.z", "a.gzip", "a.7z", "gz")
        if has_compressed_name(name)
    ] == [f"a{suffix}" for suffix in COMPRESSION_SUFFIXES]


PIECES = st.sampled_from(["app", "log", ".", "-", "_", "1", "20261123", "2026-11-23", "10", "gz", "/", "T", "é", "\n"])
NAMES = st.lists(PIECES, max_size=8).map("".join)


@given(NAMES, st.sets(NAMES, max_size=4))
def test_log_is_a_shorter_name_in_the_same_directory_and_no_generation_itself(name: str, beside: set[str]) -> None:
    found = rotation(name, beside)
    if found is not None:
        directory, _, _ = name.rpartition("/")
        assert found.log.rpartition("/")[0] == directory
        assert 0 < len(found.log.rpartition("/")[2]) < len(name.rpartition("/")[2])
        assert found.rank > LIVE
        assert name.rpartition("/")[2].startswith(beginnings(found.log.rpartition("/")[2]))
        assert rotation(found.log, beside) is None or has_compressed_name(found.log)


@pytest.mark.parametrize(
    ("log", "starts"),
    [
        *(("app.log", ("app",)), ("syslog", ("syslog",)), ("web.app.log", ("web.app",)), (".log", (".log",))),
        ("current", ("current", "@")),
    ],
)
def test_the_names_of_a_logs_generations_begin_alike(log: str, starts: tuple[str, ...]) -> None:
    assert beginnings(log) == starts
