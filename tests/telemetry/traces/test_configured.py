"""Traces as settings have them: off, on, without the libraries, and changed by a reload."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from trio.testing import MockClock, wait_all_tasks_blocked

from logagent.config.errors import ConfigError
from logagent.config.settings import Settings
from logagent.telemetry.hook import Observer, Story, Telemetry
from logagent.telemetry.traces import pipeline
from logagent.telemetry.traces.configured import Tracing, check
from testbed.collector import collecting


@pytest.fixture(autouse=True)
def _unhurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """The last spans are sent however slow the machine is."""
    monkeypatch.setattr(pipeline, "LAST", 60.0)


ENVIRON = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9"}
SAMPLED = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


def settings(**given: object) -> Settings:
    return Settings(**{"name": "web-1", **given})  # type: ignore[arg-type]


def tell(telemetry: Telemetry) -> Story:
    """Tell of a short request."""
    story = Story(trace=SAMPLED, method="GET", path="/logs", scheme="http", version="2")
    telemetry.begin(story)
    story.end()
    return story


def test_without_a_collector_nobody_hears_and_nothing_is_loaded() -> None:
    assert Tracing(settings(), {}).observers == ()
    assert check(settings(), {}) == ()
    loaded = "import sys, logagent.running.serving; print(*sorted({name.partition('.')[0] for name in sys.modules}))"
    modules = subprocess.run([sys.executable, "-c", loaded], capture_output=True, text=True, check=True).stdout.split()
    assert "logagent" in modules
    assert not {"opentelemetry", "requests", "urllib3", "google"} & set(modules)


def test_without_the_libraries_a_collector_that_is_meant_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "opentelemetry.sdk.trace", None)
    for make in (check, Tracing):
        with pytest.raises(ConfigError, match=r"^traces: needs the extra `otel`: pip install 'logagent\[otel\]'$"):
            make(settings(traces="http://127.0.0.1:9/v1/traces"))


def test_without_the_libraries_a_collector_of_the_environment_is_a_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "opentelemetry.sdk.trace", None)
    (warning,) = check(settings(), ENVIRON)
    assert warning == (
        "sends no traces, though OTEL_EXPORTER_OTLP_ENDPOINT names a collector: that needs the extra `otel`: "
        "pip install 'logagent[otel]'; or set traces to none"
    )
    assert Tracing(settings(), ENVIRON).observers == ()


def test_a_variable_that_is_no_number_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_SPAN_EVENT_COUNT_LIMIT", "many")
    with pytest.raises(ConfigError, match="OTEL_SPAN_EVENT_COUNT_LIMIT must be a non-negative integer but got many"):
        check(settings(traces="http://127.0.0.1:9/v1/traces"))


def test_an_address_of_the_environment_that_is_none_is_an_error() -> None:
    with pytest.raises(ConfigError, match=r"^OTEL_EXPORTER_OTLP_ENDPOINT: must be a collector's address"):
        check(settings(), {"OTEL_EXPORTER_OTLP_ENDPOINT": "collector:4318"})


def test_headers_go_over_tls_or_to_loopback_only(tmp_path: Path) -> None:
    file = tmp_path / "headers"
    file.write_text("Authorization: Bearer t0ken\n")
    file.chmod(0o600)
    with pytest.raises(ConfigError, match="in cleartext, which others can read: use https"):
        check(settings(traces="http://collector:4318/v1/traces", traces_headers=file))
    for url in ("https://collector:4318/v1/traces", "http://127.0.0.1:4318/v1/traces", "http://[::1]:4318/v1/traces"):
        assert check(settings(traces=url, traces_headers=file)) == ()


def test_files_that_are_missing_are_told(tmp_path: Path) -> None:
    for name in ("traces_headers", "traces_ca"):
        with pytest.raises(ConfigError, match=f"^{name}: .*none"):
            check(settings(traces="https://collector:4318/v1/traces", **{name: tmp_path / "none"}))


def test_authorities_that_are_none_are_told(tmp_path: Path) -> None:
    file = tmp_path / "ca.pem"
    file.write_text("-----BEGIN CERTIFICATE-----\nnonsense\n-----END CERTIFICATE-----\n")
    with pytest.raises(ConfigError, match=r"^traces_ca: .*ca.pem holds no certificate in PEM$"):
        check(settings(traces="https://collector:4318/v1/traces", traces_ca=file))


async def test_spans_come_with_the_agents_name_and_the_last_ones_at_its_end(autojump_clock: MockClock) -> None:
    with collecting() as it:
        tracing = Tracing(settings(traces=it.url))
        telemetry = Telemetry(tracing.observers)
        async with tracing.running(telemetry):
            story = tell(telemetry)
        assert [span.name for span in it.spans] == ["GET /logs"]
    assert it.spans[0].agent == "web-1"
    assert story.trace[36:52] == it.spans[0].id


async def test_a_reload_changes_the_share_without_another_way_to_the_collector(autojump_clock: MockClock) -> None:
    with collecting() as it:
        tracing = Tracing(settings(traces=it.url))
        telemetry = Telemetry(tracing.observers)
        async with tracing.running(telemetry):
            before = tracing.pipeline
            tracing.renew(settings(traces=it.url, traces_sample=0.0))
            await wait_all_tasks_blocked()
            story = Story(trace=SAMPLED, is_root=True, method="GET", path="/logs")
            telemetry.begin(story)
            story.end()
            assert tracing.pipeline is before
    assert not it.spans


class Counting(Observer):
    """Counts ends of requests."""

    ends = 0

    def ended(self, story: Story) -> None:
        self.ends += 1


async def changed(tracing: Tracing, wanted: Settings) -> None:
    """Have other settings taken; the way to another collector is made in a thread."""
    before = tracing.pipeline
    tracing.renew(wanted)
    while tracing.pipeline is before:
        await wait_all_tasks_blocked()


async def test_a_reload_turns_traces_on_changes_the_collector_and_turns_them_off(autojump_clock: MockClock) -> None:
    other = Counting()
    with collecting() as one, collecting() as two:
        tracing = Tracing(settings(), {})
        telemetry = Telemetry([*tracing.observers, other])
        async with tracing.running(telemetry):
            tell(telemetry)
            await changed(tracing, settings(traces=one.url))
            tell(telemetry)
            await changed(tracing, settings(traces=two.url))
            tell(telemetry)
            await changed(tracing, settings(traces="none"))
            tell(telemetry)
            assert telemetry.observers == (other,)
    assert (len(one.spans), len(two.spans), other.ends) == (1, 1, 4)


async def test_files_that_changed_meanwhile_leave_the_traces_as_they_were(
    autojump_clock: MockClock, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    with collecting() as it:
        tracing = Tracing(settings(traces=it.url))
        telemetry = Telemetry(tracing.observers)
        async with tracing.running(telemetry):
            tracing.renew(settings(traces=it.url, traces_headers=tmp_path / "gone"))
            await wait_all_tasks_blocked()
            tell(telemetry)
    assert len(it.spans) == 1
    assert "the traces go on as they were: traces_headers: " in caplog.text
