"""Who may ask."""

from __future__ import annotations

from typing import Any

import pytest

from logagent.web.access import may_ask

ANONYMOUS: dict[str, Any] = {"scheme": "https", "state": {}}
KNOWN: dict[str, Any] = {"scheme": "https", "state": {"client_certificate": b"DER"}}
CLEARTEXT: dict[str, Any] = {"scheme": "http", "state": {}}


@pytest.mark.parametrize(
    ("scope", "required", "allowed"),
    [
        (ANONYMOUS, True, False),
        (ANONYMOUS, False, True),
        (KNOWN, True, True),
        (CLEARTEXT, True, True),
        ({"scheme": "https"}, True, False),
        ({"scheme": "https", "state": {"client_certificate": None}}, True, False),
    ],
)
def test_certificate_is_asked_for_only_over_tls_and_where_required(
    scope: dict[str, Any], required: bool, allowed: bool
) -> None:
    assert may_ask(scope, certificate_required=required) is allowed
