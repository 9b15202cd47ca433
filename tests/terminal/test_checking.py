"""Arguments checked by an agent's readers."""

from __future__ import annotations

import pytest

from logagent.config.errors import ConfigError
from logagent.core.query import BadParameter, Query
from logagent.terminal.checking import checked, given, when


def test_parameters_reach_the_reader_as_a_query_string_without_those_that_have_no_values() -> None:
    read: list[bytes] = []

    def remember(query_string: bytes) -> Query:
        read.append(query_string)
        return Query.of(files=("f",))

    parameters = {"filename": ["a b", "\udcff"], "since": given(None), "cursor": given(""), "follow": when(True)}
    assert checked(parameters, remember, {}) == Query.of(files=("f",))
    assert read == [b"filename=a+b&filename=%FF&cursor=&follow=true"]


@pytest.mark.parametrize(("name", "flag"), [("filename", "FILE"), ("max_bytes", "--max-bytes"), ("n", "--n")])
def test_wrong_parameter_is_told_by_the_name_of_its_argument(name: str, flag: str) -> None:
    def refuse(query_string: bytes) -> Query:
        raise BadParameter(name, "is wrong")

    with pytest.raises(ConfigError) as wrong:
        checked({}, refuse, {"filename": "FILE"})
    assert (wrong.value.where, wrong.value.reason) == (flag, "is wrong")


def test_switch_that_is_not_set_has_no_values() -> None:
    assert (when(False), when(True, "event")) == ([], ["event"])
