"""The media types of requests and answers, besides that of batches between agents (`frames`)."""

from __future__ import annotations

TEXT = "text/plain"
JSON = "application/json"
NDJSON = "application/x-ndjson"
EVENTS = "text/event-stream"
OPENMETRICS = "application/openmetrics-text"
PROBLEM = "application/problem+json"
"""The media type of refusals (RFC 9457)."""
FORM = "application/x-www-form-urlencoded"
"""The media type of parameters in a body."""
OF_LOGS = (TEXT, NDJSON, EVENTS)
"""Those of `/logs`, the first one by itself."""
OF_HITS = (JSON, NDJSON, TEXT)
"""Those of `/hits`, the first one by itself."""
