"""The description: a valid OpenAPI document of the very routes, parameters and trailers that the code has."""

from __future__ import annotations

from typing import Any

import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from logagent.core.outcome import Outcome
from logagent.core.query import BadParameter, Query
from logagent.core.wire.listing import parse_listing
from logagent.core.wire.parameter_table import FILES, HITS, LOGS, TABLE
from logagent.core.wire.parameters import parse, parse_hits
from logagent.core.wire.verdict import TRAILERS
from logagent.web.access import OPEN_PATHS, Access
from logagent.web.answers import Answers
from logagent.web.app import create_app
from logagent.web.description.document import described
from testbed.described import DOCUMENT, resolved
from testbed.fake_agent import FakeAgent

OPERATIONS = {
    (path, method): operation for path, methods in DOCUMENT["paths"].items() for method, operation in methods.items()
}
READERS = {
    LOGS: lambda text: parse(text, now=0),
    HITS: lambda text: parse_hits(text, now=0),
    FILES: parse_listing,
}


async def nothing(query: Query, out: Any) -> Outcome:
    return Outcome()


def no_figures(accept: str) -> tuple[bytes, str]:
    return b"", accept


def app_routes() -> set[tuple[str, str]]:
    access = Access([], certificate_required=False)
    app = create_app(FakeAgent(nothing), Answers("web0", 10), version="0", access=access, exposition=no_figures)
    rules = [rule for rule in app.url_map.iter_rules() if rule.endpoint != "static"]
    return {(rule.rule, method.lower()) for rule in rules for method in rule.methods or ()}


def parameters(path: str) -> dict[str, dict[str, Any]]:
    """What is described of the parameters of a GET."""
    described = [resolved(each) for each in OPERATIONS[path, "get"]["parameters"]]
    return {each["name"]: each for each in described if each["in"] == "query"}


def test_it_is_valid() -> None:
    assert list(OpenAPIV31SpecValidator(DOCUMENT).iter_errors()) == []


def test_a_document_that_is_not_valid_is_found_out() -> None:
    assert list(OpenAPIV31SpecValidator({**DOCUMENT, "paths": {"logs": {}}}).iter_errors())


def test_it_has_the_version_of_the_agent() -> None:
    assert described("1.2.3")["info"]["version"] == "1.2.3"


def test_it_has_the_routes_of_the_application_and_no_others() -> None:
    """HEAD is what GET gives, as the words of the document say."""
    routes = app_routes()
    assert OPERATIONS.keys() == {(path, method) for path, method in routes if method != "head"}
    assert {path for path, method in routes if method == "head"} == {path for path, method in routes if method == "get"}


def test_operations_have_names_of_their_own() -> None:
    names = [operation["operationId"] for operation in OPERATIONS.values()]
    assert len(set(names)) == len(names)


def test_nothing_among_the_components_is_left_unused() -> None:
    text = str(DOCUMENT)
    unused = [
        f"{kind}/{name}"
        for kind, named in DOCUMENT["components"].items()
        for name in named
        if kind != "securitySchemes" and f"'#/components/{kind}/{name}'" not in text
    ]
    assert unused == ["responses/Refused405"]  # of any method that is not described


def test_open_routes_are_those_that_admit_everybody() -> None:
    assert {path for (path, _), each in OPERATIONS.items() if each["security"] == [{}]} == OPEN_PATHS


@pytest.mark.parametrize("path", [LOGS, HITS])
@pytest.mark.parametrize("method", ["get", "post"])
def test_trailers_are_those_of_a_verdict(path: str, method: str) -> None:
    told = OPERATIONS[path, method]["responses"]["200"]["x-trailers"]
    assert tuple(told) == TRAILERS
    assert all(resolved(field)["description"] and resolved(field)["schema"] for field in told.values())


@pytest.mark.parametrize("path", READERS)
def test_parameters_are_those_that_the_reader_knows(path: str) -> None:
    with pytest.raises(BadParameter) as error:
        READERS[path](b"filename=a&nonsense=1")
    known = error.value.reason.partition("known are ")[2].split(", ")
    assert list(parameters(path)) == known


@pytest.mark.parametrize("path", [LOGS, HITS])
def test_a_form_takes_the_same_parameters_as_the_address(path: str) -> None:
    form = OPERATIONS[path, "post"]["requestBody"]["content"]["application/x-www-form-urlencoded"]["schema"]
    assert list(form["properties"]) == list(parameters(path))
    of_address = {name: each["schema"] for name, each in parameters(path).items()}
    assert {name: {**each, "description": ""} for name, each in form["properties"].items()} == {
        name: {**schema, "description": ""} for name, schema in of_address.items()
    }


@pytest.mark.parametrize("row", TABLE, ids=lambda row: row.name)
def test_every_parameter_says_what_it_means_in_one_sentence(row: Any) -> None:
    assert row.meaning.endswith(".")
    assert ". " not in row.meaning


@pytest.mark.parametrize("path", READERS)
@pytest.mark.parametrize("more", ["", "&follow=true", "&by=file"])
def test_what_counts_by_itself_may_be_sent_along(path: str, more: str) -> None:
    """Generated clients do so."""
    if more.strip("&").partition("=")[0] not in {"", *parameters(path)}:
        return
    plain = ("filename=**/*" + more).encode()
    schemas = {name: each["schema"] for name, each in parameters(path).items() if name != "filename"}
    defaults = {name: schema["default"] for name, schema in schemas.items() if "default" in schema}
    asked = {name: value for name, value in defaults.items() if f"&{name}=" not in more}
    assert asked
    sent = "".join(f"&{name}={str(value).lower()}" for name, value in asked.items()).encode()
    assert READERS[path](plain + sent) == READERS[path](plain)


def test_what_files_lists_by_itself_is_what_is_said() -> None:
    [glob] = parameters(FILES)["filename"]["schema"]["default"]
    assert parse_listing(b"") == parse_listing(f"filename={glob}".encode())


@pytest.mark.parametrize("path", READERS)
def test_a_parameter_is_required_where_a_question_is_none_without_it(path: str) -> None:
    required = [name for name, each in parameters(path).items() if each["required"]]
    assert required == ([] if path == FILES else ["filename"])
    if path == FILES:
        READERS[path](b"")
        return
    with pytest.raises(BadParameter, match="filename: is required"):
        READERS[path](b"")
