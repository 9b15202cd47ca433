"""What is told at the start about settings that nobody gave, where the default may surprise people."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from pathlib import Path

from logagent.config.given import from_environment, from_file
from logagent.config.timezones import LOCALTIME, is_assumed

CONTAINER = "container"
"""The variable by which a container says that it is one (systemd's container interface); the image sets it."""

_LOOPBACK_OF_CONTAINER = (
    "listens on loopback of this container only, where no published port leads; for this host alone, in cleartext: "
    "`docker run -p 127.0.0.1:8000:8000 -v /var/log:/var/log:ro -e LOGAGENT_LISTEN=http://0.0.0.0:8000 "
    "-e LOGAGENT_ALLOW_CLEARTEXT=true IMAGE`; for others, with certificates: "
    "`docker run -p 8443:8443 --hostname web-1 -v /var/log:/var/log:ro -v DIR:/certs:ro -e LOGAGENT_CERTS=/certs "
    "-e LOGAGENT_LISTEN=http://127.0.0.1:8000,https://0.0.0.0:8443 IMAGE`"
)
_ZONE_ASSUMED = (
    "takes times in log lines that name no zone for UTC, since nothing says in which zone this machine is: "
    "give --timezone (LOGAGENT_TIMEZONE) or TZ, or mount /etc/localtime"
)


def hints(flags: Collection[str], environ: Mapping[str, str], file: str | None) -> Iterator[str]:
    """Give what is worth telling, each as a sentence whose subject is the program.

    Args:
        flags: the settings that flags give.
        file: the path of the TOML file, if any; it can be read.
    """
    given = {*flags, *from_environment(environ), *(from_file(Path(file)) if file else ())}
    if "listen" not in given and environ.get(CONTAINER):
        yield _LOOPBACK_OF_CONTAINER
    if "timezone" not in given and is_assumed(environ, LOCALTIME):
        yield _ZONE_ASSUMED
