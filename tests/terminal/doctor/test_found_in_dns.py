"""The doctor tries the agents that only DNS finds; what DNS says is made up here."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from logagent.peers.discovery.names import DnsAnswer, DnsRecord, RecordType
from logagent.peers.discovery.resolver import DnsFailure
from logagent.terminal.arguments import DoctorArguments
from logagent.terminal.doctor import command
from testbed.console import Console, typed
from testbed.one_server import serving

from .test_examining import agent

Asked = tuple[str, RecordType]


class Zone:
    """A resolver that knows some records, and nothing of other names."""

    def __init__(self, records: Mapping[Asked, tuple[DnsRecord, ...]], failing: tuple[Asked, ...] = ()) -> None:
        self._records = records
        self._failing = failing

    async def look_up(self, name: str, record_type: RecordType) -> DnsAnswer:
        if (name, record_type) in self._failing:
            raise DnsFailure("no answer within 5 s from 10.0.0.53")
        return DnsAnswer(self._records.get((name, record_type), ()), 60.0)


async def doctor(directory: Path, dns: str, zone: Zone, *more: str, server: str = "") -> tuple[int, str]:
    file = directory / "logagent.toml"
    lines = [f'root = "{directory}"', 'listen = ["127.0.0.1:0"]', "allow_cleartext = true", f'dns = ["{dns}"]']
    lines += [f'dns_server = "{server}"'] if server else []
    file.write_text("\n".join(lines))
    console = Console()
    argv = typed(DoctorArguments, "doctor", "--config", str(file), *more)
    code = await command.run(argv, {}, console.streams, lambda server: zone)
    return code, console.data


async def test_agents_that_srv_records_name_are_tried_at_the_addresses_that_the_server_of_dns_tells(
    tmp_path: Path,
) -> None:
    with serving(agent("db-2")) as address:
        srv = (DnsRecord("db-2.example.org", int(address.rpartition(":")[2])),)
        zone = Zone(
            {
                ("_logagent._tcp.example.org", RecordType.SRV): srv,
                ("db-2.example.org", RecordType.A): (DnsRecord("127.0.0.1"),),
            }
        )
        code, printed = await doctor(tmp_path, "http://_logagent._tcp.example.org", zone, server="10.0.0.53")
    assert printed.splitlines()[1] == "  address     ok         127.0.0.1"
    assert (code, printed.splitlines()[-1]) == (0, "all well: 1 of 1 reached")


async def test_each_address_of_a_name_is_tried_and_the_one_that_fails_is_named(tmp_path: Path) -> None:
    with serving(agent("db-2")) as address:
        port = address.rpartition(":")[2]
        zone = Zone({("web", RecordType.A): (DnsRecord("127.0.0.1"), DnsRecord("127.9.9.9"))})
        code, printed = await doctor(tmp_path, f"http://web:{port}", zone, "-o", "json")
    found = {peer["url"]: peer["well"] for peer in json.loads(printed)["peers"]}
    assert (code, found) == (3, {f"http://127.0.0.1:{port}": True, f"http://127.9.9.9:{port}": False})


@pytest.mark.parametrize(
    ("failing", "said"),
    [
        ((), "DNS has no such records of web"),
        ((("web", RecordType.A),), "A: no answer within 5 s from 10.0.0.53"),
    ],
)
async def test_a_name_that_gives_no_agent_is_told(tmp_path: Path, failing: tuple[Asked, ...], said: str) -> None:
    code, printed = await doctor(tmp_path, "http://web:8000", Zone({}, failing))
    assert code == 3
    assert printed.startswith("dns web\n  dns         FAILED")
    assert said in " ".join(printed.split())
    assert printed.splitlines()[-1] == "1 of 1 not well: dns web (dns)"


async def test_records_that_cannot_be_used_are_a_warning_beside_those_that_can(tmp_path: Path) -> None:
    with serving(agent("db-2")) as address:
        records = (DnsRecord("127.0.0.1", int(address.rpartition(":")[2])), DnsRecord("bad host", 1))
        zone = Zone({("_logagent._tcp.example.org", RecordType.SRV): records})
        code, printed = await doctor(tmp_path, "http://_logagent._tcp.example.org", zone)
    assert code == 0
    assert "  dns         warning" in printed
    assert "is left out" in " ".join(printed.split())
