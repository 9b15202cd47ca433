"""The names of months, in English and in the languages whose locales write logs: de, fr, es, it, pt, nl, pl, sv."""

from __future__ import annotations

_NAMES = """
january jan januar jänner jän janvier janv enero ene gennaio gen janeiro januari stycznia styczeń sty
february feb februar feber février févr fév febrero febbraio fevereiro fev februari lutego luty lut
march mar märz mär mars marzo março maart mrt marca marzec
april apr avril avr abril abr aprile kwietnia kwiecień kwi
may mai mayo maggio mag maio mei maja maj
june jun juni juin junio giugno giu junho czerwca czerwiec cze
july jul juli juillet juil julio luglio lug julho lipca lipiec lip
august aug août aoû agosto ago augustus augusti sierpnia sierpień sie
september sep sept septembre septiembre settembre set setembro września wrzesień wrz
october oct oktober okt octobre octubre ottobre ott outubro out października październik paź
november nov novembre noviembre novembro listopada listopad lis
december dec dezember dez décembre déc diciembre dic dicembre dezembro grudnia grudzień gru
"""


def _spellings(name: str) -> set[bytes]:
    texts = {name, name[:1].upper() + name[1:], name.upper()}
    return {text.encode(coding, "ignore") for text in texts for coding in ("utf-8", "latin-1") if _fits(text, coding)}


def _fits(text: str, coding: str) -> bool:
    return text.encode(coding, "ignore").decode(coding) == text


MONTHS: dict[bytes, int] = {
    spelling: number
    for number, line in enumerate(_NAMES.strip().splitlines(), 1)
    for name in line.split()
    for spelling in _spellings(name)
}
"""The number of each month, by its name as it is written: with a small or a capital letter first, or all capital, in
UTF-8 or Latin-1. No name stands for two months."""

MONTH_NAME = rb"[A-Za-z\x80-\xff]{3,12}"
"""A pattern of what may be one of these names."""


def is_month(text: bytes) -> bool:
    """Return whether digits or a name may stand for a month."""
    return text.isdigit() or text in MONTHS


def month_number(text: bytes) -> int:
    """Return the month that digits or a name stand for; English names may be cut to three letters, in any case."""
    if text.isdigit():
        return int(text)
    return MONTHS.get(text) or MONTHS[text[:3].lower()]
