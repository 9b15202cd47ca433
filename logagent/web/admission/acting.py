"""Who a client is for whom another agent asks: told in a header, and taken from agents only that may ask for others."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from logagent.core.access.acting import Acting
from logagent.core.access.caller import Caller
from logagent.core.access.certified import CertificateKind, Certified, certified
from logagent.core.wire.caller import CALLER_HEADER, BadCaller, from_header
from logagent.core.wire.through import THROUGH_HEADER
from logagent.web.admission.proving import BadProof

CREDENTIALS = frozenset({b"authorization", b"proxy-authorization", b"cookie"})
"""Headers that never go from agent to agent: what asks for another and shows something of its own is no agent."""

_FORBIDDEN, _MALFORMED = 403, 400
_HEADER, _THROUGH = CALLER_HEADER.encode(), THROUGH_HEADER.encode()
_NO_AGENT = (
    f"only agents may say for whom they ask, by the header {CALLER_HEADER}, and only where their certificate over TLS "
    "proves which agent it is"
)
_NO_WAY = (
    f"only agents that ask for others may say by which way a question came, by the header {THROUGH_HEADER}: whoever "
    "else knew the id of a question could have hosts pass it over"
)
_UNTOLD = (
    f"{{name}} may ask for others here, and must say for whom, by the header {CALLER_HEADER}: an agent of an earlier "
    "version does not, and a person needs a certificate or a token of his own"
)


class ActingProver:
    """Knows callers for whom other agents ask.

    It is used where there are rules, or agents that may ask for others; elsewhere nobody looks at the header.

    Args:
        acting: the agents that may.
    """

    def __init__(self, acting: Acting) -> None:
        self._acting = acting

    async def prove(self, scope: Mapping[str, Any]) -> Caller | None:
        """Return for whom an agent asks, as `Prover.prove`; None where no agent that may ask for others does.

        Raises:
            BadProof: for a header that is malformed, or comes from anybody else, for an agent that may ask for others
                and does not say for whom, and for anybody else who says by which way a question came.
        """
        if (caller := self._told(scope)) is None and any(name == _THROUGH for name, _ in scope["headers"]):
            raise BadProof(_NO_WAY, status=_FORBIDDEN)
        return caller

    def _told(self, scope: Mapping[str, Any]) -> Caller | None:
        told = [value.decode("latin-1") for name, value in scope["headers"] if name == _HEADER]
        agent = _agent_of(scope)
        if agent is None:
            if told:
                raise BadProof(_NO_AGENT, status=_FORBIDDEN)
            return None
        try:
            return self._taken(told, agent, scope)
        except BadProof as bad:
            bad.logged = bad.told if agent.name in bad.told else f"the agent {agent.name}: {bad.told}"
            raise

    def still_proves(self, caller: Caller) -> bool:
        """Return whether a caller for whom an agent asks would still be taken from it; see `Prover.still_proves`."""
        return not caller.chain or self._acting.still_takes(caller)

    def _taken(self, told: list[str], agent: Certified, scope: Mapping[str, Any]) -> Caller | None:
        acts = self._acting.agents(_names_of(agent))
        if not told:
            if acts:
                raise BadProof(_UNTOLD.format(name=acts[0]), status=_FORBIDDEN)
            return None
        if not acts:
            line = self._acting.line_for(agent.name)
            raise BadProof(f"the agent {agent.name} may not ask for others here; {line}", status=_FORBIDDEN)
        if len(told) > 1:
            raise BadProof(
                f"a request may have one header {CALLER_HEADER}, this one has {len(told)}", status=_MALFORMED
            )
        if any(name in CREDENTIALS for name, _ in scope["headers"]):
            raise BadProof(f"a request with the header {CALLER_HEADER} shows nothing of its own", status=_FORBIDDEN)
        try:
            caller = from_header(told[0])
        except BadCaller as bad:
            raise BadProof(f"the header {CALLER_HEADER} tells of nobody: {bad}", status=_MALFORMED) from None
        if objection := self._acting.objection(caller, _names_of(agent)):
            raise BadProof(objection, status=_FORBIDDEN)
        return caller


def _agent_of(scope: Mapping[str, Any]) -> Certified | None:
    """Return what the certificate of a client proves, if it is a host's."""
    der = scope.get("state", {}).get("client_certificate") if scope["scheme"] == "https" else None
    shown = certified(der) if der else None
    return shown if shown is not None and shown.kind is CertificateKind.HOST and not shown.fault else None


def _names_of(agent: Certified) -> list[str]:
    return [agent.name, *sorted(agent.aliases)]
