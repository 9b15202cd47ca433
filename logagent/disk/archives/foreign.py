"""What cannot be followed: a file that does not grow as lines of bytes."""

from __future__ import annotations

from logagent.disk.archives.compression import CONTAINERS, HEAD, compression_of
from logagent.disk.files.text_form import FORM_BYTES, aligned, encoding_of, known_binary, name_of


def foreign_form(head: bytes, begin: int = 0) -> str | None:
    """Return why a file cannot be followed, for people; None: it can.

    Args:
        head: the first `FORM_BYTES` of the file behind NULs, or all there are.
        begin: how many NULs come before them; the last of them may be part of a character.
    """
    kind = compression_of(head[:HEAD])
    if kind is not None:
        return f"is a {kind.value} archive" if kind in CONTAINERS else f"is compressed with {kind.value}"
    known = known_binary(head)
    if known is not None:
        return f"is {known}"
    encoding = encoding_of((bytes(begin - aligned(begin)) + head)[:FORM_BYTES])
    return None if encoding is None else f"is in {name_of(encoding)}"


def not_followed(form: str) -> str:
    """Return the sentence, without its subject, that a file of a foreign form is not followed."""
    return f"{form}, and is not followed"


def grows_as_text(form: str | None) -> bool:
    """Return whether a file of a foreign form is a text that may grow, in an encoding that is not followed."""
    return form is not None and form.startswith("is in ")
