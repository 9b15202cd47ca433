"""Which targets and hosts of requests are understood."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logagent.web.server.targets import BadTarget, check_authority, parse_target

GOOD_HOSTS = [
    b"",
    b"a",
    b"a.b:80",
    b"10.0.0.1:8000",
    b"[::1]",
    b"[::1]:8443",
    b"[::ffff:10.0.0.1]",
    b"a:",
    b"a.",
    b"web_1%20",
    b"a" * 63,
]
BAD_HOSTS = [
    b"[::1",
    b"::1",
    b"[::1]x",
    b"[]",
    b"[x]",
    b"[1.2.3.4]",
    b"a b",
    b"a/b",
    b"u@h",
    b"a:99999",
    b"a:b",
    b"\xff",
]


@pytest.mark.parametrize("host", GOOD_HOSTS)
def test_host_that_can_be_is_good(host: bytes) -> None:
    check_authority(host)


@pytest.mark.parametrize("host", BAD_HOSTS)
def test_host_that_cannot_be_is_refused(host: bytes) -> None:
    with pytest.raises(BadTarget):
        check_authority(host)


@given(st.binary(max_size=20) | st.text(":[]/@?#.1aF%", max_size=20).map(str.encode))
def test_host_that_is_good_makes_a_url(host: bytes) -> None:
    try:
        check_authority(host)
    except BadTarget:
        return
    split = urlsplit(f"http://{host.decode('ascii')}/logs")
    assert split.path == "/logs"
    assert split.port is None or split.port < 65536
    assert (split.hostname or "").encode("idna") == (split.hostname or "").encode()


@pytest.mark.parametrize(
    ("target", "path", "authority"),
    [
        (b"/logs?filename=a", b"/logs?filename=a", None),
        (b"//[::1/", b"//[::1/", None),
        (b"*", b"*", None),
        (b"http://a:1/logs?x=/", b"/logs?x=/", b"a:1"),
        (b"HTTPS://[::1]", b"/", b"[::1]"),
        (b"http://a?x", b"/?x", b"a"),
    ],
)
def test_target_is_a_path_or_a_url(target: bytes, path: bytes, authority: bytes | None) -> None:
    assert parse_target(target) == (path, authority)


@pytest.mark.parametrize(
    "target",
    [b"", b"logs", b"http://[::1/", b"http://", b"http:///logs", b"ftp://a/", b"a:443", b"/\xff", b"http://a b/"],
)
def test_any_other_target_is_refused(target: bytes) -> None:
    with pytest.raises(BadTarget):
        parse_target(target)
