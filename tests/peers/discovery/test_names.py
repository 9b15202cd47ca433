"""What the answers of DNS give, which are data of others."""

from __future__ import annotations

from logagent.peers.discovery.names import DnsName, DnsRecord, RecordType
from logagent.peers.target import Target

SRV = DnsName(name="_logagent._tcp.example.org", record_type=RecordType.SRV, labels={"zone": "a"})
BY = "dns SRV _logagent._tcp.example.org"


def test_each_host_of_srv_is_a_target_at_its_port() -> None:
    records = [DnsRecord("web-2.example.org", 8444), DnsRecord("web-1.example.org", 8443)]
    assert SRV.targets_in(records, cleartext=False) == (
        (
            Target(urls=("https://web-1.example.org:8443",), labels={"zone": "a"}, found_by=BY),
            Target(urls=("https://web-2.example.org:8444",), labels={"zone": "a"}, found_by=BY),
        ),
        (),
    )


def test_the_ports_of_one_host_are_asked_by_priority_then_weight() -> None:
    records = [
        DnsRecord("Web", 3, 20, 0),
        DnsRecord("web", 2, 10, 1),
        DnsRecord("web", 1, 10, 5),
        DnsRecord("web", 1, 10, 5),
    ]
    (target,), _ = SRV.targets_in(records, cleartext=False)
    assert target.urls == ("https://web:1", "https://web:2", "https://web:3")


def test_the_root_as_a_host_says_that_there_is_nothing() -> None:
    assert SRV.targets_in([DnsRecord(".", 0)], cleartext=False) == ((), ())


def test_each_address_is_a_target() -> None:
    name = DnsName(name="web.example.org", record_type=RecordType.A, port=8443)
    targets, wrong = name.targets_in([DnsRecord("10.0.0.2"), DnsRecord("10.0.0.1")], cleartext=False)
    assert [target.urls[0] for target in targets] == ["https://10.0.0.1:8443", "https://10.0.0.2:8443"]
    assert targets[0].found_by == "dns A web.example.org:8443"
    assert not wrong
    name = DnsName(name="web.example.org", record_type=RecordType.AAAA, port=8443)
    assert name.targets_in([DnsRecord("2001:db8::1")], cleartext=False)[0][0].urls == ("https://[2001:db8::1]:8443",)


def test_records_that_cannot_be_used_are_left_out_and_told() -> None:
    bad = [
        DnsRecord("a b", 1),
        DnsRecord("web\\000", 1),
        DnsRecord("x" * 300, 1),
        DnsRecord("web", 0),
        DnsRecord("\x1b[2J", 1),
    ]
    targets, wrong = SRV.targets_in([*bad, DnsRecord("ok", 1)], cleartext=True)
    assert [target.urls for target in targets] == [("https://ok:1",)]
    assert len(wrong) == len(bad)
    assert all(each.isprintable() for each in wrong)


def test_cleartext_is_refused_where_it_leads_away() -> None:
    name = DnsName(name="web", record_type=RecordType.A, port=80, scheme="http")
    targets, wrong = name.targets_in([DnsRecord("127.0.0.1"), DnsRecord("10.0.0.1")], cleartext=False)
    assert [target.urls for target in targets] == [("http://127.0.0.1:80",)]
    assert "allow_cleartext" in wrong[0]
    assert len(name.targets_in([DnsRecord("10.0.0.1")], cleartext=True)[0]) == 1


def test_thousands_of_records() -> None:
    records = [DnsRecord(f"web-{number}.example.org", 8443) for number in range(5000)]
    assert len(SRV.targets_in(records, cleartext=False)[0]) == 5000
