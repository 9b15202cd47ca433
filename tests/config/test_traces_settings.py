"""The settings about traces, and OpenTelemetry's own variables in their place."""

from __future__ import annotations

from pathlib import Path

import pytest

from logagent.config.errors import ConfigError
from logagent.config.loading import load
from logagent.config.settings import Settings
from logagent.config.traces_settings import Endpoint, endpoint, tells_secrets

OWN = "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"
SHARED = "OTEL_EXPORTER_OTLP_ENDPOINT"


def loaded(directory: Path, toml: str) -> Settings:
    file = directory / "logagent.toml"
    file.write_text(f'root = "{directory}"\n{toml}', "utf-8")
    return load({}, {"TZ": "UTC"}, host="web-1", file=str(file))


def test_none_is_given(tmp_path: Path) -> None:
    settings = loaded(tmp_path, "")
    assert (settings.traces, settings.traces_sample, settings.traces_headers, settings.traces_ca) == (
        "",
        1.0,
        None,
        None,
    )


def test_all_are_given(tmp_path: Path) -> None:
    toml = 'traces = "https://c:4318"\ntraces_sample = 0.25\ntraces_headers = "headers"\ntraces_ca = "ca.pem"'
    settings = loaded(tmp_path, toml)
    assert (settings.traces, settings.traces_sample) == ("https://c:4318/v1/traces", 0.25)
    assert (settings.traces_headers, settings.traces_ca) == (tmp_path / "headers", tmp_path / "ca.pem")


@pytest.mark.parametrize(
    ("given", "read"),
    [
        ("http://127.0.0.1:4318", "http://127.0.0.1:4318/v1/traces"),
        ("http://[::1]:4318/", "http://[::1]:4318/v1/traces"),
        ("https://c/otlp/v1/traces", "https://c/otlp/v1/traces"),
        ("none", "none"),
    ],
)
def test_an_address_without_a_path_gets_the_usual_one(tmp_path: Path, given: str, read: str) -> None:
    assert loaded(tmp_path, f'traces = "{given}"').traces == read


@pytest.mark.parametrize(
    "given", ["", "c:4318", "grpc://c:4317", "http://", "http://c:0", "http://a:b@c", "http://c/#x", "http://c/ x"]
)
def test_what_is_no_address_is_refused(tmp_path: Path, given: str) -> None:
    with pytest.raises(ConfigError, match="traces: must be a collector's address for OTLP over HTTP"):
        loaded(tmp_path, f'traces = "{given}"')


@pytest.mark.parametrize("given", ["-0.1", "1.1", "all", "nan", ""])
def test_what_is_no_part_is_refused(tmp_path: Path, given: str) -> None:
    with pytest.raises(ConfigError, match="traces_sample: must be a number from 0 to 1"):
        loaded(tmp_path, f'traces_sample = "{given}"')


@pytest.mark.parametrize(
    ("setting", "environ", "wanted"),
    [
        ("", {}, Endpoint()),
        ("", {SHARED: "http://c:4318/"}, Endpoint("http://c:4318/v1/traces", SHARED)),
        ("", {SHARED: "http://c:4318/base"}, Endpoint("http://c:4318/base/v1/traces", SHARED)),
        ("", {SHARED: "http://c:4318", OWN: "http://d:4318/x"}, Endpoint("http://d:4318/x", OWN)),
        ("", {SHARED: "http://c:4318", "OTEL_SDK_DISABLED": "true"}, Endpoint()),
        ("", {SHARED: "http://c:4318", "OTEL_TRACES_EXPORTER": "none"}, Endpoint()),
        ("", {SHARED: "http://c:4317", "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"}, Endpoint()),
        ("", {SHARED: ""}, Endpoint()),
        ("none", {SHARED: "http://c:4318"}, Endpoint("", "traces", True)),
        ("http://e/x", {SHARED: "http://c:4318"}, Endpoint("http://e/x", "traces", True)),
    ],
)
def test_the_setting_goes_before_the_standard_variables(
    setting: str, environ: dict[str, str], wanted: Endpoint
) -> None:
    assert endpoint(setting, environ) == wanted


@pytest.mark.parametrize("name", [OWN, SHARED])
def test_a_variable_that_is_no_address_is_named(name: str) -> None:
    with pytest.raises(ValueError, match=f"^{name}: must be a collector's address"):
        endpoint("", {name: "c:4318"})


def test_cleartext_to_other_machines_tells_secrets() -> None:
    assert tells_secrets("http://collector:4318/v1/traces")
    assert not tells_secrets("https://collector:4318/v1/traces")
    assert not tells_secrets("http://localhost:4318/v1/traces")
