"""The table of settings, from which flags, environment, file, checks and documentation are made."""

from __future__ import annotations

from logagent.config import (
    access_settings,
    control,
    discovery,
    labels,
    log_words,
    oidc_settings,
    own_log,
    page_cache,
    time_formats,
    timezones,
    traces_settings,
    values,
)
from logagent.config.setting import Setting


def _text(text: str) -> str:
    return text


def _client_certificate(text: str) -> str:
    if text not in ("required", "optional"):
        raise ValueError("must be required or optional")
    return text


SKIP_FILES = ",".join(
    (
        *("lastlog", "lastlog2.db", "wtmp", "wtmp.db", "btmp", "utmp", "faillog", "tallylog"),
        *("*.journal", "*.journal~", "core", "core.[0-9]*", "README"),
        *("**/sa/sa[0-9]*", "**/sysstat/sa[0-9]*", "**/atop/atop_*", "**/account/pacct*"),
    )
)
"""What lies in `/var/log` of Debian and Red Hat and is no log: who logged in, in binary form, the journal, what
sysstat, atop and acct record, core dumps, and a text about the journal."""

SETTINGS = (
    Setting(
        "name",
        values.host_name,
        "the name of this host, which its lines and verdicts carry and its peers know it by; {hostname} in it is the "
        "machine's up to the first dot, {fqdn} all of it",
        otherwise="the machine's host name up to the first dot",
        restart=True,
    ),
    labels.OWN,
    Setting(
        "listen",
        values.address,
        "an address to answer on; without http:// or https://, https if there is a certificate; port 0: any free port",
        "address:port or unix:path",
        default="127.0.0.1:8000",
        repeatable=True,
    ),
    *access_settings.UNIX_SOCKETS,
    control.CONTROL,
    Setting(
        "root",
        _text,
        "a directory whose files are served, and no file outside of it",
        "directory",
        default="/var/log",
        repeatable=True,
    ),
    Setting(
        "root_name",
        values.root_name,
        "the name of a root, by which `ROOT:NAME` means its file where several roots have one of that name; in the "
        "file a table [root_name] of directory = name",
        "directory=name",
        otherwise="the last part of the directory",
        repeatable=True,
    ),
    Setting(
        "skip_files",
        values.globs,
        "files that globs leave out, with their rotated ones, since they hold no lines; their exact names still find "
        "them; one without / is a file's own name",
        "globs",
        default=SKIP_FILES,
        repeatable=True,
    ),
    access_settings.NEVER_SERVE,
    Setting(
        "peer",
        values.peer,
        "another agent, queried along with this one: https://, http://, unix: or ssh://; without a name it bears that "
        "of its URL's host; in the file a table [peer] of name = URL",
        "name=URL",
        otherwise="none",
        repeatable=True,
    ),
    Setting(
        "primary",
        values.peer,
        "another agent, asked not only for its own logs, but for those of all hosts that it knows, such as the primary"
        " of a site; in the file a table [primary] of name = URL",
        "name=URL",
        otherwise="none",
        repeatable=True,
    ),
    labels.OF_PEERS,
    Setting(
        "peer_pause",
        values.seconds,
        "how long no question waits again for a peer that could not be connected to, which takes 5 s if its host is "
        "dead; meanwhile each question names it at once, and tries it in the background",
        "seconds",
        default="60",
    ),
    *discovery.DISCOVERY,
    Setting(
        "certs",
        _text,
        "the directory of ca.pem, NAME.pem and NAME-key.pem as `logagent certs` makes them; NAME: this host's name",
        "directory",
        otherwise="none: cleartext",
    ),
    Setting(
        "tls_certificate",
        _text,
        "this host's certificate; {name} in a path of TLS is this host's name",
        "PEM file",
        otherwise="NAME.pem of certs",
    ),
    Setting("tls_key", _text, "the key of this host's certificate", "PEM file", otherwise="NAME-key.pem of certs"),
    Setting(
        "tls_ca",
        _text,
        "the certificate of the authority that signs the agents' certificates",
        "PEM file",
        otherwise="ca.pem of certs, else for peers the system's authorities",
    ),
    *access_settings.REVOKED,
    Setting(
        "client_certificate",
        _client_certificate,
        "whether a client must show a certificate of that authority to ask for logs over TLS; otherwise whoever "
        "reaches the port can read them",
        "required or optional",
        otherwise="required if there is an authority",
    ),
    Setting(
        "allow_cleartext",
        values.switch,
        "allow cleartext on addresses that are not loopback, where others on the network can read the logs",
        "true or false",
        default="false",
    ),
    *access_settings.CLEARTEXT,
    access_settings.TOKENS,
    *oidc_settings.OIDC,
    *access_settings.RULES,
    Setting(
        "patience",
        values.seconds,
        "how long a merge waits for a host that sends nothing, before it continues without it and the verdict names it",
        "seconds",
        default="5",
    ),
    Setting(
        "disk_threads",
        values.count,
        "how many reads run at the same time: more keep more disks busy, and leave less processor time to others",
        "threads",
        default="2",
        restart=True,
    ),
    Setting(
        "page_cache",
        page_cache.choice,
        "whether files that are read stay in the page cache: `keep` leaves it to the kernel; with `leave`, what was not"
        " in it before is dropped once it was read; `auto` does so behind the first 16 MiB that a query reads of a log"
        " whose files are larger than a tenth of the memory",
        "auto, keep or leave",
        default="auto",
    ),
    Setting(
        "max_line",
        values.size,
        "how much of one line is sent; a longer line is searched whole but cut when sent, to fit into memory",
        "bytes",
        default="1MiB",
    ),
    Setting(
        "max_files",
        values.count,
        "how many files one query may open, a log with its rotated files counting once; of more, the newest are read;"
        " each takes a file descriptor, of which a process usually has 1024",
        "files",
        default="500",
    ),
    Setting(
        "max_walk",
        values.count,
        "how many directory entries the globs of one query may look at; each takes some microseconds, and one that"
        " matches a kilobyte of memory",
        "entries",
        default="250000",
    ),
    Setting(
        "max_answers",
        values.count,
        "how many answers may be under way at the same time; further queries are refused with 503",
        "answers",
        default="256",
    ),
    Setting(
        "max_follows",
        values.count,
        "how many follows may be under way at the same time, as each takes memory; further ones are refused with 503",
        "follows",
        default="1000",
    ),
    Setting(
        "max_time",
        values.seconds,
        "how long one answer may take, whatever `timeout` a client asks for",
        "seconds",
        default="3600",
    ),
    Setting(
        "max_bytes",
        values.size,
        "how many bytes of lines one answer may hold, whatever `max_bytes` a client asks for",
        "bytes",
        default="16GiB",
    ),
    Setting(
        "graceful",
        values.seconds,
        "how long answers may continue when the agent is told to stop; container engines kill after ten seconds",
        "seconds",
        default="8",
    ),
    Setting(
        "timezone",
        timezones.named,
        "the time zone of times in log lines that name none",
        "IANA name",
        otherwise="the machine's: TZ, else /etc/localtime, else UTC",
    ),
    Setting(
        "root_timezone",
        timezones.root_timezone,
        "the time zone for the files of one root; in the file a table [root_timezone] of directory = name",
        "directory=IANA name",
        otherwise="that of timezone",
        repeatable=True,
    ),
    Setting(
        "time_format",
        time_formats.time_format,
        f"how some files write their times, such as {time_formats.EXAMPLE}, where that cannot be told; the first "
        "whose glob matches counts; in the environment one a line, in the file tables [[time_format]]",
        "glob=format",
        otherwise="none",
        repeatable=True,
        between="\n",
    ),
    *own_log.OWN_LOG,
    *traces_settings.TRACES,
    *log_words.WORDS_IN_OWN_LOG,
)
"""The table of settings, in the order in which documentation shows them."""

BY_NAME = {setting.name: setting for setting in SETTINGS}
"""The rows of the table by the names of their settings."""


def _verbatim(default: str) -> str:
    """Return a default so that its wildcards are not taken for emphasis."""
    return f"`{default}`" if "*" in default else default


def _places(setting: Setting) -> str:
    if setting.in_file_only:
        return f"none; in the file `[[{setting.name}]]` | none"
    return f"`{setting.flag}` | `{setting.variable}`"


def markdown() -> str:
    """Return the table of settings in Markdown, for the documentation."""
    defaults = [_verbatim(setting.shown_default) for setting in SETTINGS]
    rows = [
        f"| {_places(setting)} | {setting.unit} | {default} | {setting.help} |"
        for setting, default in zip(SETTINGS, defaults, strict=True)
    ]
    return "\n".join(["| flag | environment | unit | default | meaning |", "|---|---|---|---|---|", *rows])


def restarts() -> str:
    """Return which settings only a restart changes, in a sentence in Markdown, for the documentation."""
    *others, last = [f"`{setting.flag}`" for setting in SETTINGS if setting.restart]
    return f"Only a restart changes {', '.join(others)} and {last}; a reload changes all others."
