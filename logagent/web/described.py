"""The description of the API, made when somebody asks for it, and kept."""

from __future__ import annotations

import json
from functools import cache


@cache
def description(version: str) -> bytes:
    """Return the text of the OpenAPI document of an agent.

    Args:
        version: of the agent.
    """
    # Imported here: most agents are never asked for it.
    from logagent.web.description.document import described

    return json.dumps(described(version)).encode()
