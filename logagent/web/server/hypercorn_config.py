"""Hypercorn's settings: those that the used parts of Hypercorn read."""

from __future__ import annotations

import logging
from functools import cache

from hypercorn.config import Config

from logagent.web.server.limits import ConnectionLimits
from logagent.web.server.request_stream import QUEUED_MESSAGES

_log = logging.getLogger("logagent.web")


@cache
def hypercorn_config(limits: ConnectionLimits) -> Config:
    """Make Hypercorn's settings for connections with these limits."""
    config = Config()
    config.errorlog = _log
    config.include_server_header = False
    config.keep_alive_max_requests = limits.requests_per_connection
    config.h11_max_incomplete_size = limits.header_bytes
    config.max_app_queue_size = QUEUED_MESSAGES
    return config
