"""The table of settings: it feeds flags, environment, file, checks and documentation."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from logagent.config import timezones, values

ENVIRONMENT = "LOGAGENT_"
"""What the names of environment variables begin with. Others that begin so are left alone: container platforms
set variables such as LOGAGENT_PORT for a service that is named logagent."""


@dataclass(frozen=True, slots=True)
class Setting:
    """One row of the table. `default` is as one would type it; `otherwise` says in words what holds without one."""

    name: str
    read: Callable[[str], object]
    help: str
    unit: str = ""
    default: str = ""
    otherwise: str = ""
    repeatable: bool = False

    @property
    def flag(self) -> str:
        return "--" + self.name.replace("_", "-")

    @property
    def variable(self) -> str:
        return ENVIRONMENT + self.name.upper()

    @property
    def is_switch(self) -> bool:
        return self.read is values.switch

    @property
    def shown_default(self) -> str:
        return self.default or self.otherwise


def _text(text: str) -> str:
    return text


def _client_certificate(text: str) -> str:
    if text not in ("required", "optional"):
        raise ValueError("must be required or optional")
    return text


SETTINGS = (
    Setting(
        "name",
        values.host_name,
        "what this host is called, by its peers too: its lines and its verdicts carry it",
        otherwise="the machine's host name up to the first dot",
    ),
    Setting(
        "listen",
        values.address,
        "where to answer, http:// or https:// before it or not: without, https if there is a certificate; port 0: any",
        "address:port",
        default="127.0.0.1:8000",
        repeatable=True,
    ),
    Setting(
        "root",
        _text,
        "a directory whose files are served, and nothing outside of it",
        "directory",
        default="/var/log",
        repeatable=True,
    ),
    Setting(
        "peer",
        values.peer,
        "another agent, asked along with this one; in the file a table [peer] of name = URL",
        "name=URL",
        otherwise="none",
        repeatable=True,
    ),
    Setting(
        "certs",
        _text,
        "where ca.pem, NAME.pem and NAME-key.pem lie, NAME being the host's, as `logagent certs` makes them",
        "directory",
        otherwise="none: cleartext",
    ),
    Setting("tls_certificate", _text, "this host's certificate", "PEM file", otherwise="NAME.pem of certs"),
    Setting("tls_key", _text, "the key of this host's certificate", "PEM file", otherwise="NAME-key.pem of certs"),
    Setting(
        "tls_ca",
        _text,
        "the authority that signs the agents' certificates",
        "PEM file",
        otherwise="ca.pem of certs, else for peers the system's authorities",
    ),
    Setting(
        "client_certificate",
        _client_certificate,
        "whether a client must show a certificate of that authority to ask for logs over TLS: whoever reaches the port "
        "could read them otherwise",
        "required or optional",
        otherwise="required where there is an authority",
    ),
    Setting(
        "allow_cleartext",
        values.switch,
        "speak cleartext on addresses that are not loopback: whoever is on the way can read the logs then",
        "true or false",
        default="false",
    ),
    Setting(
        "patience",
        values.seconds,
        "how long a merge waits for a host that sends nothing, before it leaves it behind and names it in the verdict",
        "seconds",
        default="5",
    ),
    Setting(
        "disk_threads",
        values.count,
        "how many reads go on at once: more keep more disks busy, and leave less of a processor to others",
        "threads",
        default="2",
    ),
    Setting(
        "max_line",
        values.size,
        "how much of one line is sent: a longer one is searched whole, but sent cut, to fit into memory",
        "bytes",
        default="1MiB",
    ),
    Setting(
        "max_files",
        values.count,
        "how many files one question may open: each takes a descriptor, of which a process usually has 1024",
        "files",
        default="500",
    ),
    Setting(
        "max_answers",
        values.count,
        "how many answers are under way at once; more are refused with 503, so that those under way can end",
        "answers",
        default="256",
    ),
    Setting(
        "max_follows",
        values.count,
        "how many follows are under way at once; more are refused with 503, as the memory that they take is bounded so",
        "follows",
        default="1000",
    ),
    Setting(
        "max_time",
        values.seconds,
        "how long one answer may take, as `timeout` does for a client: a question that nobody waits for any more ends",
        "seconds",
        default="3600",
    ),
    Setting(
        "max_bytes",
        values.size,
        "how many bytes of lines one answer may hold, as `max_bytes` does for a client",
        "bytes",
        default="16GiB",
    ),
    Setting(
        "graceful",
        values.seconds,
        "how long answers under way may go on once the agent is told to end; container engines kill after ten",
        "seconds",
        default="8",
    ),
    Setting(
        "timezone",
        timezones.named,
        "what the times in log lines mean that name no zone",
        "IANA name",
        otherwise="the machine's: TZ, else /etc/localtime, else UTC",
    ),
    Setting(
        "root_timezone",
        values.root_timezone,
        "the same for the files of one root; in the file a table [root_timezone] of directory = name",
        "directory=IANA name",
        otherwise="timezone's",
        repeatable=True,
    ),
)
"""The table of settings, in the order in which documentation shows them."""

BY_NAME = {setting.name: setting for setting in SETTINGS}


def markdown() -> str:
    """The table of settings for the documentation."""
    rows = [
        f"| `{setting.flag}` | `{setting.variable}` | {setting.unit} | {setting.shown_default} | {setting.help} |"
        for setting in SETTINGS
    ]
    return "\n".join(["| flag | environment | unit | default | meaning |", "|---|---|---|---|---|", *rows])
