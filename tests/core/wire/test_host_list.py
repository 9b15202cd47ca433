"""What `/hosts` answers, of agents of any version."""

from __future__ import annotations

import pytest

from logagent.core.wire.host_list import HostList, list_from_json, list_to_json
from logagent.core.wire.hosts import HostState
from logagent.core.wire.told_sources import ToldSource

WEB = HostState("web-1", "http://a:1", True)
FILE = ToldSource("t.yml", "file", "file t.yml", 2, 60.0)


@pytest.mark.parametrize("told", [HostList([WEB], [FILE]), HostList([WEB], []), HostList([], None)])
def test_a_list_comes_back_from_its_json(told: HostList) -> None:
    assert list_from_json(list_to_json(told)) == told


def test_an_earlier_agent_tells_no_sources() -> None:
    assert list_from_json({"hosts": [{"name": "web-1", "reachable": True}], "trace_id": "x"}).sources is None


@pytest.mark.parametrize("document", [{}, [], None, {"hosts": {}}, {"hosts": [{}]}, {"hosts": [], "sources": [1]}])
def test_what_is_no_list_is_refused(document: object) -> None:
    with pytest.raises(ValueError, match="not a"):
        list_from_json(document)
