"""Who an agent is, in a header and back."""

from __future__ import annotations

import pytest

from logagent.core.wire.identity import BadIdentity, Identity, from_header, to_header

BITS = "0123456789abcdef" * 2


@pytest.mark.parametrize("name", ["web-1", "1", "a.b_c-d", "A" * 255])
def test_an_identity_is_read_back(name: str) -> None:
    identity = Identity(name, BITS)
    assert from_header(to_header(identity)) == identity


def test_its_form_is_a_structured_field() -> None:
    assert to_header(Identity("web-1", BITS)) == f'"web-1";id="{BITS}"'


NO_IDENTITIES = (
    *("", '"web-1"', f'web-1;id="{BITS}"', f'"web-1";id="{BITS[1:]}"', f'"web-1";id="{BITS}"x', f'"a\nb";id="{BITS}"'),
    *(f'"{"A" * 256}";id="{BITS}"', f'"web-1";id="{BITS}", "web-2";id="{BITS}"', f'"-";id="{BITS}"'),
)


@pytest.mark.parametrize("value", NO_IDENTITIES)
def test_what_names_no_agent_is_refused(value: str) -> None:
    with pytest.raises(BadIdentity):
        from_header(value)
