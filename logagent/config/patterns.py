"""Words between braces in settings, which each host fills in itself, so that one file can serve all of them."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping

from logagent.config.errors import ConfigError
from logagent.config.given import Given

PATHS = ("certs", "tls_certificate", "tls_key")
"""The settings in which `{name}` means the host's name."""

_WORD = re.compile(r"\{([^{}]*)\}")
_NAME = "{name}"


def filled(given: Mapping[str, Given], host: str) -> dict[str, Given]:
    """Return what was given for settings, with the words of this host in their places.

    In `name`, `{hostname}` is the machine's host name up to the first dot, and `{fqdn}` all of it; in the paths of TLS
    files, `{name}` is the agent's name.

    Args:
        given: texts by the name of the setting.
        host: the machine's host name.

    Raises:
        ConfigError: for a word that means nothing, or a domain that the machine has not.
    """
    whole = dict(given)
    if "name" in given:
        one = given["name"]
        whole["name"] = one._replace(texts=tuple(_name(text, host, one.where) for text in one.texts))
    name = whole["name"].texts[-1] if "name" in whole else host.partition(".")[0]
    for path in PATHS:
        if path in given:
            texts = tuple(text.replace(_NAME, name) for text in given[path].texts)
            whole[path] = given[path]._replace(texts=texts)
    return whole


def _name(text: str, host: str, where: str) -> str:
    words = {"hostname": host.partition(".")[0], "fqdn": host}

    def word(found: re.Match[str]) -> str:
        if found[1] == "fqdn" and "." not in host:
            reason = f"the host name of this machine, {host}, has no domain, so that {{fqdn}} is not known"
            raise ConfigError(where, f"{reason}; give the machine one (`hostnamectl hostname`), or say {{hostname}}")
        if found[1] not in words:
            near = difflib.get_close_matches(found[1], words, n=1)
            meant = f"; is {{{near[0]}}} meant?" if near else ""
            raise ConfigError(where, f"{found[0]} means nothing in a name: {{hostname}} and {{fqdn}} do{meant}")
        return words[found[1]]

    return _WORD.sub(word, text)
