"""What is most likely a mistake in rules, though each of them can be used: what never counts, and what nobody has."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from fnmatch import fnmatchcase

from logagent.core.access.file_globs import FileGlob
from logagent.core.access.rules import Rule, Rules
from logagent.core.access.rulings import shadowing
from logagent.core.globs import is_glob

SHOWN = 5
"""Names that are listed where none is like the one that is not known."""
_MISTYPED = 0.8
"""How alike two names are of which one is most likely the other, mistyped, though it may be another host's."""


@dataclass(frozen=True, slots=True)
class KnownFacts:
    """What a host knows of what rules name.

    Attributes:
        host: its name.
        hosts: of the agents that it knows, its own among them.
        roots: names of its roots.
        tokens: names that have a valid token, with their groups; None: it knows no tokens.
        issuer: whose tokens it takes; empty: none's.
        authority: whether it takes certificates.
        acting: names of the agents that may ask it for others, or globs of them.
        acted_for: kinds of identities that other agents may claim when they ask it.
        never_serves: tells the names of files that are never served.
        is_directory: tells whether a name below a root, or below any if that is empty, is a directory.
    """

    host: str
    hosts: Collection[str]
    roots: Collection[str]
    tokens: Mapping[str, Collection[str]] | None
    issuer: str
    authority: bool
    acted_for: Collection[str]
    never_serves: Callable[[str], bool]
    is_directory: Callable[[str, str], bool] = field(default=lambda root, name: False)
    acting: Collection[str] = ()


def faults(rules: Rules, known: KnownFacts) -> Iterator[str]:
    """Yield a sentence for each thing in rules that is most likely a mistake."""
    if rules and not any(rule.allows and rule.is_on(known.host) for rule in rules.rules):
        yield f"no rule allows anything on {known.host}, so that it refuses everybody"
    yield from _acting(known)
    for number, rule in enumerate(rules.rules):
        if before := shadowing(rules.rules, number):
            yield f"{rule.place} never counts: {before.place}, before it, decides about all that it is about"
        told = [*_hosts(rule, known), *_who(rule, known), *(_files(rule, known) if rule.is_on(known.host) else ())]
        yield from (f"{rule.place}: {each}" for each in told)


def _acting(known: KnownFacts) -> Iterator[str]:
    """Yield a sentence for each agent that is none of the peers, as it may be, but is called almost as one of them."""
    missing = [host for host in known.hosts if host not in known.acting]
    for name in known.acting:
        if not _any(name, known.hosts):
            for near in get_close_matches(name, missing, 1, _MISTYPED):
                yield f"acting: {name} is none of the peers; is {near} meant?"


def _hosts(rule: Rule, known: KnownFacts) -> Iterator[str]:
    if len(known.hosts) > 1:  # Else it knows no host but itself, and may share its rules with a fleet.
        for glob in rule.hosts:
            if not _any(glob, known.hosts):
                yield f"hosts: {glob} is neither this host nor one of its peers; {_meant(glob, known.hosts)}"


def _who(rule: Rule, known: KnownFacts) -> Iterator[str]:
    for word in rule.who:
        kind, _, name = word.partition(":")
        proof, _, group = name.partition(":")
        if kind in known.acted_for or (kind == "group" and proof in known.acted_for):
            yield from _mistyped(word, kind, name, known)
            continue  # Another agent knows who that is, unless it looks mistyped.
        if kind == "token":
            yield from _token(word, name, known)
        elif kind == "group" and proof == "token":
            groups = {one for several in (known.tokens or {}).values() for one in several}
            if not _any(group, groups):
                yield f"who: {word}: no valid token is in a group {group}; {_meant(group, groups)}"
        elif kind == "cert" and not known.authority:
            yield f"who: {word}: this host takes no certificates, since it has no authority (certs or tls_ca)"
        elif kind == "oidc":
            yield from _oidc(word, name, known.issuer)


def _mistyped(word: str, kind: str, name: str, known: KnownFacts) -> Iterator[str]:
    """Yield a sentence for a token that no host may know, since one of this host is called almost so."""
    if kind != "token" or not known.tokens or _any(name, known.tokens):
        return
    for near in get_close_matches(name, known.tokens, 1, _MISTYPED):
        yield f"who: {word}: no valid token of this host is called {name}; is {near} meant?"


def _token(word: str, name: str, known: KnownFacts) -> Iterator[str]:
    if known.tokens is None:
        yield f"who: {word}: this host knows no tokens, since the setting tokens names no file"
    elif not _any(name, known.tokens):
        yield f"who: {word}: no valid token is called {name}; {_meant(name, known.tokens)}"


def _oidc(word: str, name: str, issuer: str) -> Iterator[str]:
    if not issuer:
        yield f"who: {word}: this host takes no tokens of a provider, since oidc_issuer is not set"
    elif not is_glob(name) and not name.startswith(f"{issuer}/"):
        yield f"who: {word}: identities of this host's provider begin with oidc:{issuer}/"


def _files(rule: Rule, known: KnownFacts) -> Iterator[str]:
    for glob in rule.files:
        before, colon, _ = glob.text.partition(":")
        if colon and not glob.root and not re.search(r"[/*?\[]", before):
            meant = get_close_matches(before, known.roots, 1)
            hint = f"is {meant[0]}: meant?" if meant else f"roots are {', '.join(sorted(known.roots))}"
            yield f"files: {glob.text}: no root is called {before}, so that it is about names that begin so; {hint}"
        if not rule.allows:
            continue
        if known.never_serves(_sample(glob)):
            yield f"files: {glob.text} is never served, whatever rules say; see never_serve"
        elif not is_glob(glob.text) and not glob.text.endswith("/") and known.is_directory(glob.root, glob.below):
            yield f"files: {glob.text} is a directory here; {glob.text}/ allows what lies in it"


def _sample(glob: FileGlob) -> str:
    """Return a name that a glob matches, or nearly: what hides it hides most others."""
    text = f"{glob.below}x" if glob.below.endswith("/") else glob.below
    return (
        re.sub(r"\[!?\]?[^\]]*\]", lambda found: found[0][1:2] if found[0][1] != "!" else "x", text)
        .replace("**", "x")
        .replace("*", "x")
        .replace("?", "x")
    )


def _any(glob: str, names: Collection[str]) -> bool:
    return any(fnmatchcase(name, glob) if is_glob(glob) else glob == name for name in names)


def _meant(name: str, known: Collection[str]) -> str:
    near = get_close_matches(name, known, 1)
    if near:
        return f"is {near[0]} meant?"
    return f"known are {_listed(sorted(known))}" if known else "there is none"


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names[:SHOWN]) + (f" and {len(names) - SHOWN} more" if len(names) > SHOWN else "")
