"""What is found is data: nothing of it leads where only settings may lead."""

from __future__ import annotations

import pytest

from logagent.peers.discovery.checked import MAX_LABELS, UnusableTarget, targets_of_group, url_of
from logagent.peers.target import Target


def urls(*addresses: str, cleartext: bool = False, **labels: str) -> list[str]:
    found, wrong = targets_of_group(addresses, labels, "file t.yml", cleartext=cleartext)
    assert not wrong
    return [url for target in found for url in target.urls]


def why_not(*addresses: str, cleartext: bool = False, **labels: str) -> str:
    found, (wrong,) = targets_of_group(addresses, labels, "file t.yml", cleartext=cleartext)
    assert not found
    return wrong


def test_a_host_and_a_port_are_asked_by_https() -> None:
    assert urls("web-1.example.org:8443", "10.0.0.2:1", "[2001:db8::1]:65535") == [
        "https://web-1.example.org:8443",
        "https://10.0.0.2:1",
        "https://[2001:db8::1]:65535",
    ]


def test_a_scheme_stands_before_the_address_or_in_the_label() -> None:
    assert urls("https://Web-1:8443/") == ["https://web-1:8443"]
    assert urls("127.0.0.1:8000", "https://10.0.0.1:1", __scheme__="http") == [
        "http://127.0.0.1:8000",
        "https://10.0.0.1:1",
    ]


@pytest.mark.parametrize("address", ["10.0.0.2:8000", "web-1:8000", "http://[::2]:8000"])
def test_cleartext_leads_to_another_machine_only_where_it_is_allowed(address: str) -> None:
    assert "allow_cleartext" in why_not(address, __scheme__="http")
    assert len(urls(address, cleartext=True, __scheme__="http")) == 1


@pytest.mark.parametrize("address", ["127.0.0.1:8000", "127.9.9.9:8000", "[::1]:8000", "localhost:8000"])
def test_cleartext_on_this_machine_is_taken(address: str) -> None:
    assert urls(address, __scheme__="http") == [f"http://{address}"]


@pytest.mark.parametrize(
    "address", ["ssh://web-1:22", "unix:///run/a.sock", "unix:/run/a.sock:1", "file:///etc/passwd", "ftp://web-1:21"]
)
def test_other_ways_to_an_agent_never_come_from_a_target(address: str) -> None:
    assert why_not(address, cleartext=True)


def test_other_schemes_never_come_from_a_label() -> None:
    assert "'ssh' is no scheme" in why_not("web-1:22", cleartext=True, __scheme__="ssh")


@pytest.mark.parametrize(
    "address",
    [
        *("", "web-1", "web-1:", ":8443", "web-1:0", "web-1:65536", "web-1:99999999", "web-1:-1", "web-1:https"),
        *(
            "web 1:8443",
            "web-1:8443\n",
            "web-1:8443/logs",
            "user@web-1:8443",
            "web-1:8443?x=1",
            "web-1:8443#x",
            "a,b:1",
        ),
        *("2001:db8::1:8443", "[2001:db8::1]", "[web-1]:8443", "[fe80::1%eth0]:8443", "1.2.3:8443", "0x7f000001:8443"),
        *("0.0.0.0:8443", "[::]:8443", "224.0.0.1:8443", "-web:1", "web-:1", "we..b:1", f"{'a' * 64}:1", "wéb-1:8443"),
        *(f"{'a.' * 130}b:1", "٣:1", "web-1:٣", "\x1b[2J:1"),
    ],
)
def test_what_is_no_address_is_told(address: str) -> None:
    told = why_not(address)
    assert told.isprintable()
    assert len(told) < 250


def test_one_bad_target_spoils_no_others() -> None:
    found, wrong = targets_of_group(["web-1:8443", "web-2", "web-3:8443"], {"role": "web"}, "file t.yml")
    assert [target.urls for target in found] == [("https://web-1:8443",), ("https://web-3:8443",)]
    assert wrong == ["'web-2' is no target: a host and a port, such as 10.0.0.2:8443"]


def test_labels_are_kept_and_those_of_prometheus_itself_are_dropped() -> None:
    labels = {
        "role": "web",
        "__meta_x": "1",
        "__address__": "evil:1",
        "__metrics_path__": "/",
        "__logagent_primary__": "true",
    }
    assert targets_of_group(["web-1:8443"], labels, "file t.yml")[0] == [
        Target(urls=("https://web-1:8443",), labels={"role": "web"}, primary=True, found_by="file t.yml")
    ]


def test_a_name_makes_the_addresses_those_of_one_agent() -> None:
    found, _ = targets_of_group(["10.0.0.1:1", "10.0.1.1:1", "10.0.0.1:1"], {"__logagent_name__": "web-1"}, "f")
    assert found == [Target(urls=("https://10.0.0.1:1", "https://10.0.1.1:1"), name="web-1", found_by="f")]


def test_an_address_that_stands_twice_is_one_target() -> None:
    assert urls("10.0.0.1:1", "https://10.0.0.1:1") == ["https://10.0.0.1:1"]


@pytest.mark.parametrize(
    "labels",
    [
        {"a b": "x"},
        {"": "x"},
        {"1a": "x"},
        {"a": "x\ny"},
        {"a": "\x1b[31m"},
        {"a": "x" * 257},
        {"__logagent_name__": "../x"},
        {"__logagent_name__": "web 1"},
        {"__logagent_primary__": "yes"},
        {f"l{number}": "x" for number in range(MAX_LABELS + 1)},
    ],
)
def test_labels_that_cannot_be_used_leave_their_group_out(labels: dict[str, str]) -> None:
    with pytest.raises(UnusableTarget) as bad:
        targets_of_group(["web-1:1"], labels, "f")
    assert str(bad.value).isprintable()


def test_a_dot_at_the_end_of_a_name_is_none_of_its_url() -> None:
    assert url_of("Web-1.Example.org.", 8443) == "https://web-1.example.org:8443"
