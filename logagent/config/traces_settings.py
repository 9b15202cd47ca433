"""The rows of the table about traces, and what OpenTelemetry's own variables say in their place."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple
from urllib.parse import urlsplit

from logagent.config.setting import Setting
from logagent.config.values import is_loopback, shown

PATH = "/v1/traces"
"""Where a collector takes spans (OpenTelemetry Protocol over HTTP), if its address has no path."""
NONE = "none"
"""No traces are sent, whatever the environment says."""
LONGEST = 1000
"""Characters of a collector's address: far more than are used."""

OWN = "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"
SHARED = "OTEL_EXPORTER_OTLP_ENDPOINT"
"""OpenTelemetry's variables that name a collector: for traces alone, as it is; and for all, with `PATH` behind it."""

_PROTOCOLS = ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL")
_SPOKEN = "http/protobuf"


class Endpoint(NamedTuple):
    """Where spans are sent.

    Attributes:
        url: the whole of it; empty: none are.
        where: what named it.
        is_meant: whether this program's own setting did.
    """

    url: str = ""
    where: str = "traces"
    is_meant: bool = False


def collector(text: str) -> str:
    """Read the address of a collector; without a path, it gets the usual one."""
    if text == NONE:
        return text
    if not _is_url(text):
        raise ValueError("must be a collector's address for OTLP over HTTP, such as http://127.0.0.1:4318, or none")
    return text if urlsplit(text).path.strip("/") else text.rstrip("/") + PATH


def _is_url(text: str) -> bool:
    try:
        parts = urlsplit(text)
        right = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False
    is_plain = text.isascii() and text.isprintable() and " " not in text and len(text) <= LONGEST
    return right and is_plain and not parts.fragment and "@" not in parts.netloc


def fraction(text: str) -> float:
    """Read a number from 0 to 1."""
    try:
        read = float(text)
    except ValueError:
        read = -1.0
    if not 0 <= read <= 1:
        raise ValueError(f"must be a number from 0 to 1, such as 0.1 for every tenth, not {shown(text)}")
    return read


def endpoint(setting: str, environ: Mapping[str, str]) -> Endpoint:
    """Return where spans are sent.

    Args:
        setting: `traces`; empty: it was not given, so OpenTelemetry's variables are asked.
        environ: of the agent.

    Raises:
        ValueError: for an address in one of these variables that cannot be used.
    """
    if setting:
        return Endpoint("" if setting == NONE else setting, "traces", is_meant=True)
    exporter = environ.get("OTEL_TRACES_EXPORTER", "")
    protocol = next(filter(None, map(environ.get, _PROTOCOLS)), _SPOKEN)
    if environ.get("OTEL_SDK_DISABLED", "").strip().lower() == "true" or exporter == NONE or protocol != _SPOKEN:
        return Endpoint()
    where, given = next(((name, environ[name]) for name in (OWN, SHARED) if environ.get(name)), ("", ""))
    if not given:
        return Endpoint()
    if not _is_url(given):
        raise ValueError(f"{where}: must be a collector's address for OTLP over HTTP, such as http://127.0.0.1:4318")
    return Endpoint(given if where == OWN else given.rstrip("/") + PATH, where)


def tells_secrets(url: str) -> bool:
    """Return whether what is sent to an address can be read by others on the network."""
    return url.startswith("http:") and not is_loopback(urlsplit(url).hostname or "")


TRACES = (
    Setting(
        "traces",
        collector,
        "where traces are sent, to a collector for OTLP over HTTP, with `/v1/traces` unless there is a path; takes the "
        "extra `logagent[otel]`; `none`: nowhere, whatever the environment says",
        "URL or none",
        otherwise=f"what {OWN} or {SHARED} names, else none",
    ),
    Setting(
        "traces_sample",
        fraction,
        "which part of the traces that begin here is sent; of a trace that begins elsewhere, its own flag decides",
        "number from 0 to 1",
        default="1",
    ),
    Setting(
        "traces_headers",
        str,
        "headers that the collector wants, such as a token: `Name: value`, a line each; others must not be able to "
        "read the file; sent over TLS or to loopback only",
        "file",
        otherwise="none",
    ),
    Setting(
        "traces_ca",
        str,
        "the authorities that are trusted to name the collector",
        "PEM file",
        otherwise="the system's",
    ),
)
"""Traces."""
