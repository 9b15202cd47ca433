"""What is said of the API as a whole: to people, and of the ways to prove who asks."""

from __future__ import annotations

from logagent.core.wire.caller import CALLER_HEADER
from logagent.core.wire.frames import BATCHES, SCOPE_HEADER
from logagent.core.wire.identity import ASKED_AS_HEADER
from logagent.core.wire.parameters import MAX_FORM, MAX_QUERY_STRING
from logagent.core.wire.verdict import TRAILERS

SUMMARY = "Serves a host's log files in place, merges many hosts by time, ends every answer with a verdict."
ABOUT = f"""\
An agent serves its host's log files in place, newest line first, and asks the agents that it knows for theirs.

**The verdict.** Every answer of /logs and /hits ends with a verdict: whether it is complete, and which host failed,
and why. Over HTTP/2 it stands in the trailer fields {", ".join(TRAILERS)}, which the header `trailer` announces.
OpenAPI has no word for trailers: they are described by `x-trailers` at each response, like headers. HTTP/1.1 has no
trailers here: there an incomplete text is cut. NDJSON, events and JSON carry the verdict as their last record, over any
version; where they lack it, the answer was cut. `x-item-schema` says what each record of such a body is.

**Refusals.** Every refusal is a problem document (RFC 9457) with the id of the question's trace. Any path that is not
described here is a 404 that names the routes; any method that is not, a 405. HEAD is answered as GET, without a body,
and without a look at any log: what GET would not find is a 200 then.

**Parameters.** An unknown parameter, or a bad value, is a 400 that says what would be right. A query string holds at
most {MAX_QUERY_STRING} bytes, a body {MAX_FORM}. A flag may also be 1, 0, yes or no. Values are percent-encoded UTF-8,
or other bytes.

**Follows.** With follow=true an answer has no end of its own: close it when enough has come.

**Between agents.** The media type {BATCHES} and the request headers {SCOPE_HEADER}, {ASKED_AS_HEADER} and
{CALLER_HEADER} are for agents among themselves, and may change with any version.
"""

SECURITY = {
    "bearer": {
        "type": "http",
        "scheme": "bearer",
        "description": "A token that `logagent token new` made, or one of the identity provider that the agent trusts.",
    },
    "basic": {
        "type": "http",
        "scheme": "basic",
        "description": "The same token as the password of HTTP Basic, with any name for the user's.",
    },
    "certificate": {
        "type": "mutualTLS",
        "description": "A client certificate of the agent's authority, over TLS.",
    },
}
"""The ways to prove who asks; a user of the agent's machine needs none, and the kernel says who he is."""
