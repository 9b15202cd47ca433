"""Who asks: a caller, qualified by how it was proved who that is, so that no kind of proof can pose as another."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from logagent.core.access.certified import Certified


class Proof(enum.StrEnum):
    """How it was proved who a caller is.

    Attributes:
        TOKEN: by a token that this fleet handed out; the name is the token's.
        CERT: by a client certificate; the name is that of its subject.
        OIDC: by a signed token of an identity provider; the name is `ISSUER/SUBJECT`.
        UNIX: by the kernel of the host that was asked first; the name is `USER@HOST`, see
            `unix_name`.
        ANONYMOUS: not at all; there is no name.
    """

    TOKEN = "token"
    CERT = "cert"
    OIDC = "oidc"
    UNIX = "unix"
    ANONYMOUS = "anonymous"


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks.

    Attributes:
        proof: how that was proved.
        name: by that proof; empty if there is none.
        groups: names of groups, of the same proof.
        until: when the proof ends, in seconds since the epoch; None: it does not.
        chain: names in the certificates of the agents that ask for him, first of the one that proved who he is; empty:
            he asks himself.
        aliases: further names that the same proof gives him: those that a certificate has beside that of its subject;
            rules may name him by them, so that they travel with him.
        credential: tells what was shown as a proof from others of the same caller, and is no secret; stays here.
        certificate: what the one proves that his connection has shown, whatever proved who he is; stays here.
    """

    proof: Proof
    name: str = ""
    groups: frozenset[str] = frozenset()
    until: float | None = None
    chain: tuple[str, ...] = ()
    aliases: frozenset[str] = frozenset()
    credential: str = field(default="", compare=False)
    certificate: Certified | None = field(default=None, compare=False, repr=False)

    @property
    def identity(self) -> str:
        """The proof and the name, as rules spell them: `token:alice`, or `anonymous`."""
        return f"{self.proof}:{self.name}" if self.name else str(self.proof)


_ESCAPED = "%@*?[] "

ANONYMOUS = Caller(Proof.ANONYMOUS)
"""A caller of whom nothing is proved."""


def unix_name(user: str | int, host: str) -> str:
    """Return the name of a user of a host, `USER@HOST`, in which the last `@` is before the host.

    What in a user's name could be taken for that `@`, or for a part of a glob, is percent-encoded, and so is what
    cannot be printed: a directory may well have a user `root@elsewhere`, who must not match `root@*`.

    Args:
        user: his name; or his number, `#1000`, if he has none.
        host: the agent's name.
    """
    name = f"#{user}" if isinstance(user, int) else "".join(map(_escaped, user))
    return f"{name}@{host}"


def _escaped(letter: str) -> str:
    if letter.isprintable() and letter not in _ESCAPED:
        return letter
    return "".join(f"%{byte:02X}" for byte in letter.encode("utf-8", "replace"))
