"""The settings about an identity provider."""

from __future__ import annotations

from pathlib import Path

import pytest

from logagent.config import oidc_settings
from logagent.config.errors import ConfigError
from logagent.config.loading import load
from logagent.config.settings import Settings
from testbed.examples import examples_in

PROVIDER = """
oidc_issuer = "https://login.example.org/realms/a"
oidc_audience = ["logagent", "other"]
oidc_keys = "https://login.example.org/realms/a/certs"
"""


def loaded(directory: Path, toml: str) -> Settings:
    file = directory / "logagent.toml"
    file.write_text(f'root = "{directory}"\n{toml}', "utf-8")
    return load({}, {"TZ": "UTC"}, host="web-1", file=str(file))


def test_a_provider_has_a_name_an_audience_and_an_address_of_keys(tmp_path: Path) -> None:
    settings = loaded(tmp_path, PROVIDER)
    assert settings.oidc_issuer == "https://login.example.org/realms/a"
    assert settings.oidc_audience == ("logagent", "other")
    assert settings.oidc_keys == "https://login.example.org/realms/a/certs"
    assert (settings.oidc_ca, settings.oidc_groups) == (None, "")
    assert settings.oidc_algorithms == ("RS256", "PS256", "ES256", "EdDSA")


def test_more_about_it_may_be_said(tmp_path: Path) -> None:
    more = 'oidc_ca = "idp.pem"\noidc_groups = "realm_access.roles"\noidc_algorithms = ["ES256", "RS512"]'
    settings = loaded(tmp_path, PROVIDER + more)
    assert settings.oidc_ca == tmp_path / "idp.pem"
    assert settings.oidc_groups == "realm_access.roles"
    assert settings.oidc_algorithms == ("ES256", "RS512")


@pytest.mark.parametrize("left_out", oidc_settings.NEEDED)
def test_none_of_the_three_does_without_the_others(tmp_path: Path, left_out: str) -> None:
    lines = [line for line in PROVIDER.splitlines() if not line.startswith(left_out)]
    with pytest.raises(ConfigError, match=f"needs {left_out} beside it"):
        loaded(tmp_path, "\n".join(lines))


@pytest.mark.parametrize("alone", ['oidc_groups = "groups"', 'oidc_ca = "idp.pem"'])
def test_what_counts_only_with_a_provider_is_refused_without_one(tmp_path: Path, alone: str) -> None:
    with pytest.raises(ConfigError, match="needs oidc_issuer and oidc_audience and oidc_keys beside it"):
        loaded(tmp_path, alone)


@pytest.mark.parametrize("issuer", ["https://a", "https://a/", "https://accounts.example.org:8443/realms/b"])
def test_a_provider_is_called_as_it_calls_itself(issuer: str) -> None:
    assert oidc_settings.issuer(issuer) == issuer


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a",
        "http://a",
        "https://",
        "https://a?b",
        "https://a#b",
        "https://u@a",
        "https://a b",
        "https://\u00e9",
        "https://[a",
    ],
)
def test_other_names_of_a_provider_are_refused_with_what_is_right(text: str) -> None:
    with pytest.raises(ValueError, match=r"such as https://login\.example\.org"):
        oidc_settings.issuer(text)


@pytest.mark.parametrize(
    "text", ["http://a/keys", "file:///keys", "https:///keys", "https://a:0/", "https://u:p@a/keys"]
)
def test_keys_are_fetched_by_https_only(text: str) -> None:
    with pytest.raises(ValueError, match="must be the https address of the provider's keys, jwks_uri"):
        oidc_settings.keys_address(text)
    assert oidc_settings.keys_address("https://a/keys?v=1")


@pytest.mark.parametrize("text", ["none", "HS256", "RS256,HS512", "", "RS256,", "rs256", "ES256K"])
def test_algorithms_by_which_anybody_could_sign_and_unknown_ones_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"must be some of RS256, .*; never none or HS256"):
        oidc_settings.algorithms(text)


@pytest.mark.parametrize("text", ["", " a", "a\n", "a" * 256])
def test_names_that_stand_in_no_token_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="must be a name as it stands in tokens"):
        oidc_settings.name(text)


def test_the_example_in_the_documents_is_taken(tmp_path: Path) -> None:
    (toml,) = [each.text for each in examples_in("docs/access.md") if "oidc_issuer" in each.text]
    settings = loaded(tmp_path, toml)
    assert settings.oidc_groups == "groups"
    assert settings.rule[0].who[1].startswith(f"oidc:{settings.oidc_issuer}/")
