"""Taking what was searched for out of what another agent says of it."""

from __future__ import annotations

import re

from logagent.core.query import Query

LEAST_VEILED = 3
"""Letters and digits in a row of a word or a pattern that are taken out; fewer tell nothing."""
VEIL = "***"
"""What stands in their place."""
MOST_VEILED = 200
"""Such rows that are looked for: of a question with more words, what is said is left out as a whole."""


def veiled(message: str, query: Query) -> str:
    """Return a message without any part of the words and patterns of a question.

    Only messages that may quote them are treated so: in others a usual word would go missing, and tell by that.
    """
    match = query.match
    rows = {
        row.lower()
        for word in (*match.keywords, *match.exclude, *match.regex, *match.exclude_regex)
        for row in re.findall(rf"\w{{{LEAST_VEILED},}}", word.decode("utf-8", "replace"))
    }
    if len(rows) > MOST_VEILED:
        return VEIL
    if not rows:
        return message
    longest_first = sorted(rows, key=len, reverse=True)
    return re.sub("|".join(map(re.escape, longest_first)), VEIL, message, flags=re.IGNORECASE)
