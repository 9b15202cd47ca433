"""What may be meant by words that a command does not know: mistyped ones, and those of other tools.

Only loaded after a mistake.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from difflib import get_close_matches

_ALIKE = 0.78
"""How much two words have in common of which one is taken for the other, mistyped."""
_FLAGS = {
    "--tail": "--lines N",
    "--grep": "--regex PATTERN",
    "-g": "--regex PATTERN",
    "--reverse": "--order oldest",
    "-r": "--order oldest",
    "-H": "--host GLOB",
    "--since-time": "--since WHEN",
    "--bearer": "--token-file FILE",
    "--oauth2-bearer": "--token-file FILE",
    "--password": "--token-file FILE",
    "--config": "--control PATH",
    "--port": "--listen ADDRESS:PORT",
    "-p": "--listen ADDRESS:PORT",
    "-S": "--since WHEN",
    "-U": "--until WHEN",
}
"""Flags of kubectl, journalctl, curl and servers, by what they are here. The newest line comes first here, as with
`journalctl -r`; who turns that round once more wants the oldest."""
_CHOOSING = {
    "--include": "FILE may be a glob between quotes, such as '**/*.log'",
    "--exclude": "no file is left out; FILE may be a glob of those that are meant, such as '**/*.log'",
    "--exclude-dir": "no directory is left out; FILE may be a glob of what is meant, such as 'nginx/**/*'",
}
"""Flags of grep that choose among files, by how files are chosen here."""
_COMMANDS = {
    "log": "query FILE",
    "logs": "query FILE",
    "search": "query FILE",
    "less": "query FILE",
    "head": "query FILE --order oldest -n 10",
    "list": "files",
    "status": "hosts",
    "start": "serve",
}
"""Commands of kubectl, docker and others, by what they are here."""
_ACTS = {
    "renew": "host NAME DIR --overwrite",
    "rotate": "new NAME, and then revoke FINGERPRINT of the older one,",
    "delete": "revoke",
    "remove": "revoke",
    "rm": "revoke",
    "add": "new",
    "create": "new",
    "ls": "list",
    "why": "explain",
    "test": "check",
}
"""What other tools call what `certs`, `token` and `access` do, by what it is here."""
_IN_PATHS = re.compile(r"[./*]")
"""What a word has in it that names a file rather than a command."""


def meant_flag(word: str, known: Collection[str]) -> str:
    """Say which flag may be meant by a word that a command does not take; empty if none may.

    Args:
        word: a flag without its value, or a word too many.
        known: the flags of the command.
    """
    if word in _CHOOSING and "--since" in known:
        return f"; {_CHOOSING[word]}"
    here = _FLAGS.get(word, "")
    if here.split(" ")[0] in known:
        return _asked(here)
    if not word.startswith("-") and "--root" in known:
        return _asked(f"--listen 127.0.0.1:{word}" if word.isdecimal() else f"--root {word}")
    return meant_word(word, known)


def meant_command(word: str, known: Collection[str]) -> str:
    """Say which command may be meant by a word that is none; empty if none may.

    Args:
        word: what stands in place of a command.
        known: the commands.
    """
    if word in _COMMANDS:
        return _asked(f"`logagent {_COMMANDS[word]}`")
    return meant_word(word, known) or (_asked(f"`logagent query {word}`") if _IN_PATHS.search(word) else "")


def meant_word(word: str, known: Collection[str]) -> str:
    """Say which word may be meant by one that is almost right, or called so elsewhere; empty if none may."""
    here = _ACTS.get(word, "")
    if here.split(" ")[0] in known:
        return _asked(here)
    near = get_close_matches(word, known, 1, _ALIKE)
    return _asked(near[0]) if near else ""


def _asked(here: str) -> str:
    return f"; is {here} meant?"
