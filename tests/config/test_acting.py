"""Which agents may ask for others: the table, its flag and its variable."""

from __future__ import annotations

from pathlib import Path

import pytest

from logagent.config.acting import acting
from logagent.config.errors import ConfigError
from logagent.config.loading import load
from logagent.config.settings import Settings


def loaded(tmp_path: Path, toml: str = "", environ: dict[str, str] | None = None, *flags: str) -> Settings:
    (tmp_path / "log").mkdir(exist_ok=True)
    file = tmp_path / "logagent.toml"
    file.write_text(f'root = "log"\n{toml}')
    given = {"acting": flags} if flags else {}
    return load(given, {"TZ": "UTC", **(environ or {})}, host="web-1", file=str(file))


def test_it_is_given_in_the_file_by_flag_and_in_the_environment(tmp_path: Path) -> None:
    wanted = {"web-1": frozenset({"token", "cert"}), "bastion-*": frozenset({"unix"})}
    assert loaded(tmp_path, '[acting]\nweb-1 = "token, cert"\n"bastion-*" = ["unix"]').acting == wanted
    assert loaded(tmp_path, "", None, "web-1=token,cert", "bastion-*=unix").acting == wanted
    assert loaded(tmp_path, "", {"LOGAGENT_ACTING": "web-1=token,cert; bastion-*=unix"}).acting == wanted
    assert loaded(tmp_path).acting == {}


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("web-1", "must be the name in an agent's certificate and kinds of identities, such as web-1 = "),
        ("=token", "must be the name in an agent's certificate"),
        ("web-1=", "web-1: must have one kind of identity at least, of token, cert, oidc, unix, anonymous"),
        ("web-1=tokens", 'web-1: "tokens" is not known; is token meant? known are token, cert'),
        ("web-1=*", "web-1: name the kinds one by one: token, cert, oidc, unix, anonymous"),
        ("web-1=token:alice", 'web-1: "token:alice" is an identity; here stand kinds of them: token, cert'),
        ("web 1=token", 'web 1: "web 1" is no host\'s name or glob'),
    ],
)
def test_a_mistake_is_told_with_what_would_be_right(text: str, told: str) -> None:
    with pytest.raises(ValueError) as error:  # noqa: PT011 - the message is the second parameter
        acting(text)
    assert told in str(error.value)


@pytest.mark.parametrize(
    ("toml", "told"),
    [
        ('acting = "web-1"', "acting: must be a table, such as [acting] with lines like web-1 = "),
        ("[acting]\nweb-1 = [[1]]", "acting: web-1: must be kinds of identities, as a text or a list of texts"),
        ("[acting]\nweb-1 = 'x'", 'logagent.toml: acting: web-1: "x" is not known'),
    ],
)
def test_a_mistake_in_the_file_is_told_with_its_place(tmp_path: Path, toml: str, told: str) -> None:
    with pytest.raises(ConfigError) as error:
        loaded(tmp_path, toml)
    assert told in str(error.value)


def test_a_name_is_given_once(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="--acting: web-1 is given twice; give all of its kinds at once"):
        loaded(tmp_path, "", None, "web-1=token", "web-1=cert")
