"""Arguments checked by an agent's readers."""

from __future__ import annotations

import pytest

from logagent.config.errors import ConfigError
from logagent.core.query import BadParameter, Query
from logagent.terminal.checking import checked, given, in_flags, told_in_flags, when


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


@pytest.mark.parametrize(
    ("reason", "told"),
    [
        (
            "a follow has no end in time; leave until out, or leave out follow",
            "a follow has no end in time; leave --until out, or leave out --follow",
        ),
        ("must be after since", "must be after --since"),
        ("goes with follow=true only", "goes with --follow only"),
        ("must be a time such as x, seconds since the epoch", "must be a time such as x, seconds since the epoch"),
        (
            "belongs to an answer up to a time (until); leave out follow, or the cursor",
            "belongs to an answer up to a time (--until); leave out --follow, or the cursor",
        ),
        ("a follow goes from older to newer; leave order out", "a follow goes from older to newer; leave --order out"),
        ("is damaged; give it as it came in log-cursor", "is damaged; give it as --show-cursor printed it"),
    ],
)
def test_other_parameters_are_named_as_the_command_line_has_them(reason: str, told: str) -> None:
    assert in_flags(reason) == told


def test_what_an_agent_refuses_is_named_as_the_command_line_has_it() -> None:
    assert told_in_flags("regex: Missing )", {}) == "--regex: Missing )"
    assert told_in_flags("n: must be x", {"n": "--lines"}) == "--lines: must be x"
    assert told_in_flags("no such file: x", {}) == "no such file: x"
    assert told_in_flags("", {}) == ""
