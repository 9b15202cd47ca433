"""How agents are found is set in few words, and what is wrong with them is told."""

from __future__ import annotations

from pathlib import Path

import pytest

from logagent.config.discovery import DnsAsked, dns_asked, dns_server, target_files
from logagent.config.errors import ConfigError
from logagent.config.loading import load


@pytest.mark.parametrize(
    ("text", "asked"),
    [
        ("_logagent._tcp.example.org", DnsAsked("_logagent._tcp.example.org", ("SRV",))),
        ("srv:web.service.consul.", DnsAsked("web.service.consul.", ("SRV",))),
        ("web:8443", DnsAsked("web", ("A", "AAAA"), 8443)),
        ("a:web.example.org:8443", DnsAsked("web.example.org", ("A",), 8443)),
        ("AAAA:web:1", DnsAsked("web", ("AAAA",), 1)),
        ("http://a:web:8000", DnsAsked("web", ("A",), 8000, "http")),
        ("https://_x._tcp.a", DnsAsked("_x._tcp.a", ("SRV",))),
        ("a:web:1;role=web; zone=a", DnsAsked("web", ("A",), 1, "https", (("role", "web"), ("zone", "a")))),
    ],
)
def test_what_dns_is_asked_for(text: str, asked: DnsAsked) -> None:
    assert dns_asked(text) == asked
    assert dns_asked(asked.spelled) == asked


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("web", "add a port, or srv: before web"),
        ("a:web", "add a port"),
        ("_x._tcp.a:8443", "leave it out"),
        ("srv:web:8443", "leave it out"),
        ("ssh://web:22", "not ssh://"),
        ("unix:/run/a.sock", "must be a name in DNS"),
        ("mx:web:1", "must be"),
        ("", "must be a name in DNS"),
        ("we b:1", "must be a name in DNS"),
        (f"{'a' * 64}:1", "must be a name in DNS"),
        ("web:0", "a port from 1"),
        ("web:65536", "a port from 1"),
        ("web:x", "a port from 1"),
        ("web:1;role", "must have labels"),
        ("web:1;a b=c", "must have labels"),
        ("web:1;a=\x07", "must have labels"),
    ],
)
def test_what_dns_cannot_be_asked_for(text: str, said: str) -> None:
    with pytest.raises(ValueError, match="must") as wrong:
        dns_asked(text)
    assert said in str(wrong.value)


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("10.0.0.53", "10.0.0.53:53"),
        ("127.0.0.1:8600", "127.0.0.1:8600"),
        ("::1", "[::1]:53"),
        ("[::1]:8600", "[::1]:8600"),
        ("[2001:db8::53]", "[2001:db8::53]:53"),
    ],
)
def test_a_server_of_dns(text: str, read: str) -> None:
    assert dns_server(text) == read


@pytest.mark.parametrize(
    "text", ["", "dns.example.org", "10.0.0.53:0", "10.0.0.53:x", "10.0.0:53", "[::1", "udp://10.0.0.1"]
)
def test_what_is_no_server_of_dns(text: str) -> None:
    with pytest.raises(ValueError, match="must"):
        dns_server(text)


@pytest.mark.parametrize("text", ["targets", "targets/*", "*/web.yml", "a.txt", "[ab]/web.json"])
def test_what_is_no_file_of_targets(text: str) -> None:
    with pytest.raises(ValueError, match=r"such as targets/\*\.yml"):
        target_files(text)


def test_files_lie_where_the_settings_do(tmp_path: Path) -> None:
    config = tmp_path / "logagent.toml"
    config.write_text(
        'targets = ["targets/*.yml", "/etc/t.json"]\ndns = ["web:1", "web:1"]\n'
        'dns_server = "::1"\ntarget_grace = "90s"\n'
    )
    settings = load({"root": [str(tmp_path)]}, {}, host="web-1", file=str(config))
    assert settings.targets == (str(tmp_path / "targets/*.yml"), "/etc/t.json")
    assert len(settings.dns) == 1
    assert (settings.dns_server, settings.target_grace) == ("[::1]:53", 90)


def test_without_any_nothing_is_looked_for(tmp_path: Path) -> None:
    settings = load({"root": [str(tmp_path)]}, {}, host="web-1", file=None)
    assert (settings.targets, settings.dns, settings.dns_server, settings.target_grace) == ((), (), "", 300)


def test_what_is_wrong_is_told_where_it_was_given(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="--dns: must be"):
        load({"root": [str(tmp_path)], "dns": ["web"]}, {}, host="web-1", file=None)
