"""The command `formats`: explains line by line what is taken for the times of local files."""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import tzinfo
from pathlib import Path
from typing import Any

from logagent.config import values
from logagent.config.errors import ConfigError
from logagent.config.given import Given, from_environment, from_file
from logagent.config.table import BY_NAME
from logagent.core.escapes import in_line
from logagent.core.outcome import Failure
from logagent.core.times.explaining import Explanation, FileSample, explained
from logagent.core.times.named_formats import FormatRules
from logagent.core.times.place_words import in_words
from logagent.core.times.suggesting import suggestions
from logagent.core.wire.listing import rfc3339
from logagent.terminal.arguments import FormatsArguments, Output
from logagent.terminal.files import share_of
from logagent.terminal.streams import Streams
from logagent.terminal.tables import table
from logagent.terminal.time_settings import rules_of, zone_of
from logagent.terminal.verdicts import FAILED, FOUND, NOTHING

_HEADER = ("LINE", "TIME", "FORMAT", "WHERE, OR WHY NOT", "TEXT")
_SHOWN = 60
"""Characters of a line that are printed."""

Read = Callable[[str, "FormatsQuestion"], FileSample]
"""Reads a sample of a file by its name; raises `Failure` and `OSError`."""


@dataclass(frozen=True, slots=True)
class FormatsQuestion:
    """The arguments of `formats`, checked.

    Attributes:
        files: paths, or `-` for standard input.
        lines: how many lines of each are explained.
        zone: of times that name none.
        formats: those that were named.
    """

    files: tuple[str, ...]
    lines: int
    form: Output
    zone: tzinfo
    formats: FormatRules


def formats_question(typed: FormatsArguments, environ: Mapping[str, str]) -> FormatsQuestion:
    """Check the arguments of `formats`; of the settings of an agent, those of times hold here as well.

    Raises:
        ConfigError: for an argument that cannot be used.
    """
    file = typed.config or environ.get("LOGAGENT_CONFIG")
    flags = {"timezone": typed.timezone, "time_format": typed.time_format}
    given = {
        **(from_file(Path(file)) if file else {}),
        **from_environment(environ),
        **{name: Given(tuple(texts), BY_NAME[name].flag) for name, texts in flags.items() if texts},
    }
    try:
        lines = values.count(typed.lines)
    except ValueError as error:
        raise ConfigError("--lines", str(error)) from None
    return FormatsQuestion(tuple(typed.file), lines, typed.output, zone_of(given, environ), rules_of(given))


def explain_files(asked: FormatsQuestion, read: Read, streams: Streams) -> int:
    """Explain the times of each file, and return the exit code: whether all are trusted."""
    documents, code = [], FOUND
    for name in asked.files:
        try:
            sample = read(name, asked)
        except Failure as failure:
            streams.say(failure.message)
            code = FAILED
            continue
        except OSError as error:
            streams.say(f"{name}: {error.strerror or error}")
            code = FAILED
            continue
        if sample.judgement.lines and not sample.judgement.trusted:
            code = max(code, NOTHING)
        if asked.form == "json":
            documents.append(_document(name, sample))
        else:
            streams.print(("\n" if name != asked.files[0] else "") + _text(name, sample))
    if asked.form == "json":
        streams.print(json.dumps({"files": documents}) + "\n")
    return code


def _explanations(sample: FileSample) -> list[Explanation]:
    return [explained(line, stamp, sample.judgement) for line, stamp in zip(sample.lines, sample.stamps, strict=True)]


def _suggested(name: str, sample: FileSample) -> list[str]:
    """Return settings that may name the format of a file whose times are not trusted."""
    if sample.judgement.trusted:
        return []
    files = Path(name).name if name != "-" else "*"
    return [each.setting(files) for each in suggestions(sample.sampled, sample.zone, sample.modified)]


def _text(name: str, sample: FileSample) -> str:
    rows = [
        (str(number), _time(each.time), each.form or "-", each.why, _clipped(line))
        for number, (line, each) in enumerate(zip(sample.lines, _explanations(sample), strict=True), 1)
    ]
    told = [table(_HEADER, rows)] if rows else []
    told += [f"{in_line(name)}: {_summary(sample)}\n"]
    told += [f"to name its format: --time-format {in_line(shlex.quote(each))}\n" for each in _suggested(name, sample)]
    return "".join(told)


def _summary(sample: FileSample) -> str:
    judgement = sample.judgement
    if not judgement.lines:
        return "it has no lines"
    share = share_of(judgement.timed, judgement.lines)
    if judgement.distrust is not None:
        return (
            f"not trusted: {judgement.distrust.value} (a time in {share}); "
            f"merged as one block, by its time of modification, {_time(sample.modified)}"
        )
    places = "; ".join(sorted({in_words(place) for place in judgement.places}))
    how = "as named" if judgement.named is not None else "as learned"
    zone = f"; times that name no zone are taken as {sample.zone}" if judgement.local else ""
    return f"a time in {share}, {how}: {', '.join(judgement.formats)}, {places}{zone}"


def _time(moment: int | None) -> str:
    if moment is None:
        return "-"
    spelled = rfc3339(moment)[:-1].rstrip("0")
    return f"{spelled.removesuffix('.') if spelled.endswith('.') else spelled}Z"


def _clipped(line: bytes) -> str:
    text = line.decode("utf-8", "backslashreplace").replace("\t", " ").rstrip("\r")
    return text if len(text) <= _SHOWN else text[: _SHOWN - 3] + "..."


def _document(name: str, sample: FileSample) -> dict[str, Any]:
    judgement = sample.judgement
    return {
        "file": name,
        "lines": [
            {
                "time": None if each.time is None else rfc3339(each.time),
                "format": each.form or None,
                "why": each.why,
                "line": line.decode("utf-8", "backslashreplace"),
            }
            for line, each in zip(sample.lines, _explanations(sample), strict=True)
        ],
        "times": {
            "sampled": judgement.lines,
            "timed": judgement.timed,
            "formats": [{"name": form, "lines": lines} for form, lines in judgement.formats.items()],
            "places": sorted({in_words(place) for place in judgement.places}),
            "named": judgement.named is not None,
            "local": judgement.local,
            "distrust": judgement.distrust.value if judgement.distrust else None,
        },
        "zone": str(sample.zone),
        "suggestions": _suggested(name, sample),
    }
