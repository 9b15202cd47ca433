"""Traces as the settings have them: made when a collector is configured, and changed or ended by a reload."""

from __future__ import annotations

import logging
import os
import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import trio

from logagent.config.errors import ConfigError
from logagent.config.settings import Settings
from logagent.config.traces_settings import Endpoint, endpoint, tells_secrets
from logagent.telemetry.hook import Observer, Telemetry
from logagent.telemetry.traces.header_file import headers_in

if TYPE_CHECKING:
    from logagent.telemetry.traces.pipeline import Pipeline
    from logagent.telemetry.traces.tracer import RequestTracer

EXTRA = "needs the extra `otel`: pip install 'logagent[otel]'"
"""What to do where the libraries are missing."""

_log = logging.getLogger(__name__)


class _Collector(NamedTuple):
    """Where spans are sent, and how: what a reload compares."""

    url: str
    headers: tuple[tuple[str, str], ...]
    ca: Path | None


@dataclass(frozen=True, slots=True)
class _Sending:
    """What makes spans and sends them; closed by whoever made it."""

    collector: _Collector
    pipeline: Pipeline
    tracer: RequestTracer
    closing: ExitStack

    def take(self, settings: Settings) -> None:
        """Take what can change while spans are sent."""
        self.tracer.share = settings.traces_sample
        self.tracer.peers = settings.peer

    def close(self) -> None:
        self.pipeline.close()
        self.closing.close()


def check(settings: Settings, environ: Mapping[str, str] = os.environ) -> tuple[str, ...]:
    """Read all that traces need, and return what is wrong where the agent can work all the same; blocks.

    Where only the environment names a collector, which it does for all programs, an agent without the libraries starts.

    Args:
        environ: of the agent.

    Raises:
        ConfigError: for settings that cannot be used.
    """
    wanted = _endpoint(settings, environ)
    if not wanted.url:
        return ()
    _collector(settings, wanted)
    try:
        _load()
    except ImportError:
        if wanted.is_meant:
            raise ConfigError("traces", EXTRA) from None
        return (f"sends no traces, though {wanted.where} names a collector: that {EXTRA}; or set traces to none",)
    except ValueError as error:
        raise ConfigError("OpenTelemetry", str(error)) from None
    return ()


def _load() -> None:
    """Load the libraries, which read variables of their own.

    Raises:
        ImportError: if they are missing.
        ValueError: for a variable that is no number.
    """
    from opentelemetry.sdk.trace import SpanLimits

    from logagent.telemetry.traces import collector, pipeline, tracer  # noqa: F401

    SpanLimits()


def _endpoint(settings: Settings, environ: Mapping[str, str]) -> Endpoint:
    try:
        return endpoint(settings.traces, environ)
    except ValueError as error:
        where, _, reason = str(error).partition(": ")
        raise ConfigError(where, reason) from None


def _collector(settings: Settings, wanted: Endpoint) -> _Collector:
    headers: dict[str, str] = {}
    if settings.traces_headers is not None:
        if tells_secrets(wanted.url):
            raise ConfigError(
                "traces_headers", f"{wanted.url} would be told them in cleartext, which others can read: use https"
            )
        try:
            headers = headers_in(settings.traces_headers)
        except ValueError as error:
            raise ConfigError("traces_headers", str(error)) from None
    _check_authorities(settings.traces_ca)
    return _Collector(wanted.url, tuple(headers.items()), settings.traces_ca)


def _check_authorities(ca: Path | None) -> None:
    try:
        if ca is not None:
            ssl.create_default_context(cafile=ca)
    except ssl.SSLError:
        raise ConfigError("traces_ca", f"{ca} holds no certificate in PEM") from None
    except OSError as error:
        raise ConfigError("traces_ca", f"{ca} cannot be read: {(error.strerror or str(error)).lower()}") from None


def _sending(settings: Settings, environ: Mapping[str, str]) -> _Sending | None:
    """Return what sends the spans that settings ask for; None: they ask for none, or the libraries are missing."""
    wanted = _endpoint(settings, environ)
    if not wanted.url or check(settings, environ):
        return None
    from logagent.telemetry.traces.collector import exporter_to, own_words_only
    from logagent.telemetry.traces.pipeline import Pipeline
    from logagent.telemetry.traces.tracer import RequestTracer

    collector, closing = _collector(settings, wanted), ExitStack()
    closing.enter_context(own_words_only())
    pipeline = Pipeline(exporter_to(collector.url, dict(collector.headers), collector.ca), settings.name)
    sending = _Sending(collector, pipeline, RequestTracer(pipeline.maker, pipeline.ids, settings.name), closing)
    sending.take(settings)
    return sending


class Tracing:
    """The traces of one agent.

    Args:
        settings: of the agent.
        environ: of the agent.

    Raises:
        ConfigError: for settings that cannot be used.
    """

    def __init__(self, settings: Settings, environ: Mapping[str, str] = os.environ) -> None:
        self._environ = environ
        self._settings = settings
        self._sending = _sending(settings, environ)
        self._changed = trio.Event()

    @property
    def observers(self) -> tuple[Observer, ...]:
        """Who make the spans, before all other observers, since they set each request's ids; none if none are sent."""
        return () if self._sending is None else (self._sending.tracer,)

    @property
    def pipeline(self) -> Pipeline | None:
        """What sends the spans; None: none are sent."""
        return None if self._sending is None else self._sending.pipeline

    def renew(self, settings: Settings) -> None:
        """Take other settings, after a reload; the way to another collector is made in a thread."""
        self._settings = settings
        self._changed.set()

    @asynccontextmanager
    async def running(self, telemetry: Telemetry) -> AsyncIterator[None]:
        """Let a reload change the observers of `telemetry` while the block runs, and send the last spans behind it."""
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._follow_settings, telemetry)
            try:
                yield
            finally:
                nursery.cancel_scope.cancel()
        await self._close(self._sending)

    async def _follow_settings(self, telemetry: Telemetry) -> None:
        while True:
            await self._changed.wait()
            self._changed = trio.Event()
            try:
                await self._take(self._settings, telemetry)
            except ConfigError as error:  # The files have changed since they were looked at.
                _log.warning("the traces go on as they were: %s", error)

    async def _take(self, settings: Settings, telemetry: Telemetry) -> None:
        wanted = _endpoint(settings, self._environ)
        before = self._sending
        same = before is not None and wanted.url and before.collector == _collector(settings, wanted)
        if before is not None and same:
            before.take(settings)
            return
        after = await trio.to_thread.run_sync(_sending, settings, self._environ)
        others = [one for one in telemetry.observers if one not in self.observers]
        self._sending = after
        telemetry.observers = (*self.observers, *others)
        await self._close(before)

    async def _close(self, sending: _Sending | None) -> None:
        if sending is not None:
            with trio.CancelScope(shield=True):  # ends by itself, see `pipeline.LAST`
                await trio.to_thread.run_sync(sending.close)
