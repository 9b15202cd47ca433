"""An identity provider, made from settings."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest
import trio

from logagent.admitting.access import access_of
from logagent.admitting.identity_provider import identity_provider
from logagent.config.errors import ConfigError
from logagent.config.settings import Settings
from logagent.web.documents import Refusal
from testbed.provider import AUDIENCE, ISSUER, Provider, document, jwk, token

OIDC: dict[str, Any] = {"oidc_issuer": ISSUER, "oidc_audience": (AUDIENCE,), "oidc_keys": f"{ISSUER}/keys"}


def shows(*authorization: str) -> dict[str, Any]:
    fields = [(b"authorization", each.encode()) for each in authorization]
    return {"scheme": "https", "path": "/logs", "state": {}, "headers": fields}


async def test_signed_tokens_prove_who_asks_if_there_is_an_identity_provider(tmp_path: Path) -> None:
    provider = Provider(document(jwk("RSA")))
    prover = identity_provider(Settings(name="web-1", **OIDC), provider.fetch)
    assert prover is not None
    access = access_of(Settings(name="web-1"), provider=prover)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(prover.keys.run)
        caller = await access.admit(shows(f"Bearer {token(exp=time.time() + 60, iat=None)}"))
        assert caller.identity == f"oidc:{ISSUER}/alice"
        for field in ("Bearer a.b.c", "Bearer logagent_x", "Digest x"):
            with pytest.raises(Refusal) as refused:
                await access.admit(shows(field))
            assert refused.value.status == 401
        assert (await access.admit(shows())).identity == "anonymous"
        prover.keys.stop()


def test_without_an_identity_provider_there_is_no_prover() -> None:
    assert identity_provider(Settings(name="web-1"), Provider().fetch) is None


def test_authorities_of_an_identity_provider_that_cannot_be_used_are_told_at_the_start(tmp_path: Path) -> None:
    for name, why in (("odd.pem", "holds no certificate in PEM"), ("none.pem", "cannot be read: No such file")):
        (tmp_path / "odd.pem").write_text("odd")
        with pytest.raises(ConfigError, match=f"oidc_ca: .*{name} {why}"):
            identity_provider(Settings(name="web-1", oidc_ca=tmp_path / name, **OIDC), Provider().fetch)
