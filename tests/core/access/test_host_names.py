"""By which names an agent may be addressed: what a browser sends for a page that means another host is none of them."""

from __future__ import annotations

from ipaddress import ip_address
from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logagent.core.access.host_names import KnownNames, authority_in_target

NAMES = KnownNames(["web-1", "Web-1.Internal", "*.fleet.example"])


@pytest.mark.parametrize(
    "authority",
    [
        *(
            "127.0.0.1",
            "127.0.0.1:8000",
            "10.0.0.2:8443",
            "[::1]",
            "[::1]:8000",
            "[fe80::1%25eth0]:80",
            "[::ffff:1.2.3.4]",
        ),
        *("localhost", "localhost:8000", "LOCALHOST", "localhost.", "localhost.:8000", "localhost:", "127.0.0.1."),
        *("web-1", "WEB-1:8000", "web-1.", "web-1.internal", "web-1.INTERNAL.:80"),
        *("a.fleet.example", "A.Fleet.Example.:443"),
    ],
)
def test_addresses_localhost_and_known_names_are_its_own_in_every_spelling(authority: str) -> None:
    assert NAMES.in_authority(authority)


@pytest.mark.parametrize(
    "authority",
    [
        *(
            "evil.example",
            "evil.example:8000",
            "web-1.evil.example",
            "127.0.0.1.evil.example",
            "localhost.evil.example",
        ),
        *("web-1.internal.evil.example", "xweb-1", "web", "internal", "evil.localhost", "a.b.fleet.example"),
        *("fleet.example", ".fleet.example", "*.fleet.example", "xfleet.example"),
        *("", ".", ":8000", "localhost:http", "localhost:80:80", "localhost:123456", "localhost localhost"),
        *(
            "evil@localhost",
            "localhost@evil.example",
            "localhost,evil.example",
            "localhost/",
            "localhost?",
            "localhost#",
        ),
        *("localhost%00", "localho%73t", "l\xf6calhost", "localhost\n", "localhost..", "http://localhost"),
        *(
            "::1",
            "[::1",
            "::1]",
            "[localhost]",
            "[::1]x",
            "[]",
            "2130706433",
            "0x7f000001",
            "127.1",
            "0177.0.0.1",
            "1.2.3",
        ),
        *("256.0.0.1", "[::1::1]"),
    ],
)
def test_whatever_else_there_is_names_another_host_or_none(authority: str) -> None:
    assert not NAMES.in_authority(authority)


@pytest.mark.parametrize(
    ("origin", "known"),
    [
        ("http://localhost:3000", True),
        ("https://WEB-1", True),
        ("http://[::1]:8000", True),
        ("http://192.168.0.7", True),
        ("http://evil.example", False),
        ("http://localhost.evil.example", False),
        ("http://localhost@evil.example", False),
        ("http://localhost/", False),
        ("null", False),
        ("", False),
        ("localhost", False),
        ("file://", False),
        ("chrome-extension://abcdefghijklmnop", False),
        ("http://localhost http://evil.example", False),
    ],
)
def test_an_origin_is_judged_by_its_host(origin: str, known: bool) -> None:
    assert NAMES.in_origin(origin) is known


@pytest.mark.parametrize(
    ("target", "authority"),
    [
        ("/logs?filename=app.log", None),
        ("//evil.example/logs", None),
        ("*", None),
        ("http://evil.example/logs", "evil.example"),
        ("HTTP://evil.example", "evil.example"),
        ("http://user@evil.example:80?x", "user@evil.example:80"),
        ("http://[::1/logs", "[::1"),
        ("http:///logs", ""),
        ("http://evil.example\\@localhost/logs", "evil.example"),
    ],
)
def test_a_target_in_absolute_form_has_an_authority_of_its_own(target: str, authority: str | None) -> None:
    assert authority_in_target(target) == authority


@given(st.text("aelostvw1.-:[]@/?#%0127_ \t", max_size=12) | st.text(max_size=12))
def test_whatever_names_it_is_a_name_of_its_own_to_others_too(text: str) -> None:
    if NAMES.in_authority(text):
        host = (urlsplit(f"//{text}").hostname or "").removesuffix(".")
        assert host in ("localhost", "web-1", "web-1.internal") or ip_address(host) or host.endswith(".fleet.example")


def test_an_agent_without_further_names_is_still_localhost() -> None:
    assert KnownNames([]).in_authority("localhost")
