"""The files that are never served: secrets that lie beside logs, with all copies of them, whatever asks for them.

Such a file is hidden as if it were not there, by its own name, by those of its copies (`.env.gz`, `id_rsa.old`), and by
any link to it. Names are compared in small letters, since some file systems do not tell them apart.
"""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import chain

from logagent.core.globs import is_glob
from logagent.disk.catalog.rotated_names import COMPRESSION_SUFFIXES

NEVER_SERVE = (
    # Private keys, and stores of them.
    *("*.key", "*.pem", "*.p12", "*.pfx", "*.p8", "*.pk8", "*.pkcs12", "*.pvk", "*.ppk", "*.der", "*.jks", "*.jceks"),
    *("*.keystore", "*.keytab", "*.keyring", "*.kdb", "*.kdbx", "*.agekey", "*.ovpn", "secring.*", "wallet.dat"),
    *("id_rsa", "id_dsa", "id_ecdsa", "id_ecdsa_sk", "id_ed25519", "id_ed25519_sk", "ssh_host_*_key"),
    # What people typed.
    *(".*_history*", ".history", ".histfile", ".zhistory", "fish_history", "consolehost_history.txt"),
    *(".lesshst", ".viminfo", ".dbshell"),
    # Variables of programs.
    *(".env", ".env.*", ".env-*", ".envrc", "*.env", "environ"),
    # Passwords and tokens of programs and people.
    *(".netrc", "_netrc", ".pgpass", "pgpass.conf", ".my.cnf", ".mylogin.cnf", ".npmrc", ".pypirc", ".dockercfg"),
    *(".git-credentials", ".credentials*", "credentials", "credentials.json", "credentials.xml", "credentials.y*ml"),
    *("credentials.toml", "credentials.ini", "credentials.csv", "credentials.db", "*_credentials.json"),
    *("client_secret*.json", "service-account*.json", ".htpasswd", "htpasswd", ".htdigest", ".vault-token", ".s3cfg"),
    *(".boto", "rclone.conf", ".rclone.conf", ".smbcredentials", ".fetchmailrc", ".msmtprc", "kubeconfig"),
    *("*.kubeconfig", "*.tfstate", "*.tfvars", "*.secret", "*.secrets", "secret.json", "secret.y*ml", "secrets.json"),
    *("secrets.y*ml", "secrets.toml", "chap-secrets", "pap-secrets", "wp-config.php", "wpa_supplicant.conf"),
    *("*.nmconnection", "passwords.dat", "ks.cfg", "*-ks.cfg", "preseed.cfg", "autoinst.xml"),
    # Passwords of the machine's users.
    *("shadow", "gshadow", "opasswd", "master.passwd", "spwd.db"),
    # What containers were started with, beside their logs.
    *("config.v2.json", "hostconfig.json", "config.json"),
    *("**/kubernetes.io~secret/**", "**/kubernetes.io~projected/**", "**/kubernetes.io/**"),
    # Directories of keys and passwords.
    *("**/.ssh/**", "**/.gnupg/**", "**/.aws/**", "**/.azure/**", "**/.kube/**", "**/.docker/**", "**/gcloud/**"),
    *("**/.password-store/**",),
)
"""Globs of files that are never served, none of which is the name of a known log. One without a slash is a file's own
name, never a directory's; `X/**` is the directory X and all below it."""

_COPIES = (
    *COMPRESSION_SUFFIXES,
    *(".tgz", ".br", ".lz", ".lzo", ".old", "-old", ".bak", "-bak", ".bkp", ".backup", "-backup", ".prev", ".previous"),
    *(".orig", ".rej", ".save", ".saved", ".copy", ".tmp", ".temp", ".part", ".new", ".swp", ".swo", ".swn", ".dist"),
    *(".rpmsave", ".rpmnew", ".rpmorig", ".dpkg-old", ".dpkg-new", ".dpkg-dist", ".dpkg-tmp", ".dpkg-bak", ".ucf-old"),
    *(".ucf-new", ".ucf-dist", ".current", "~", "#", "-"),
)
"""What follows a file's name in that of a copy, made by compressing, rotating, an editor or an installer."""
_COPY_ENDS = tuple(ending.lower() for ending in _COPIES)
_NUMBER = re.compile(r"[-._]?~?[0-9][-._:~t0-9]*\Z", re.ASCII)
"""A number or a date at the end of a name."""
_NUMBER_ENDS = tuple("0123456789-._:~t")
"""What `_NUMBER` ends with: most names do not, and need not be searched for one."""
_INNER = re.compile(
    r"(?:[-._][0-9][-._:t0-9]*|\.(?:old|bak|prev|previous|backup|orig|copy))(?=\.[a-z][a-z0-9_]{0,12}\Z)", re.ASCII
)
"""A number, a date or a word in front of the extension of a name."""
_MAY_BE_INNER = re.compile(r"[0-9]|old|bak|prev|backup|orig|copy", re.ASCII).search
"""Tells most names that are no copies fast."""
_LITERAL = re.compile(r"[^*?\[]*")
"""The beginning of a glob before its first wildcard."""
_DIRECTORY = re.compile(r"\*\*/([^/*?\[]+)/\*\*")
"""A glob of a directory of some name, anywhere."""


REMEMBERED = 1024
"""Names of which the answer is remembered: to open a file asks three times for its own, and once for its directory's,
which many files share."""


class NeverServed:
    """Tells which names below a root are those of files that are never served.

    Args:
        further: globs besides `NEVER_SERVE`.
    """

    def __init__(self, further: Iterable[str] = ()) -> None:
        globs = [glob.lower() for glob in chain(NEVER_SERVE, further)]
        own = [glob for glob in globs if "/" not in glob]
        self._names = frozenset(glob for glob in own if not is_glob(glob))
        # Most globs are a beginning or an end, by which all other names are told fast.
        self._ends = tuple(glob[1:] for glob in own if glob.startswith("*") and not is_glob(glob[1:]))
        others = [glob for glob in own if is_glob(glob) and glob[1:] not in self._ends]
        self._others = re.compile("|".join(map(fnmatch.translate, others)) or r"(?!)")
        self._beginnings = tuple(beginning[0] for glob in others if (beginning := _LITERAL.match(glob)))
        self._directories = frozenset(named[1] for glob in globs if (named := _DIRECTORY.fullmatch(glob)))
        self._paths = [_compiled(glob) for glob in globs if "/" in glob and not _DIRECTORY.fullmatch(glob)]
        self._remembered = lru_cache(REMEMBERED)(self._hides)

    def __call__(self, name: str, *, directory: bool = False) -> bool:
        """Return whether the file of a name is never served, or the directory of a name with all below it.

        Args:
            name: below a root, with `/`.
            directory: whether it is a directory.
        """
        return self._remembered(name, directory)

    def _hides(self, name: str, directory: bool) -> bool:
        *above, own = name.lower().split("/")
        if own in self._directories or not self._directories.isdisjoint(above):
            return True
        is_hidden = self._is_directory if directory else self._is_file
        return is_hidden(above, own) or (
            (own.endswith(_COPY_ENDS) or _MAY_BE_INNER(own) is not None)
            and any(is_hidden(above, stem) for stem in _stems(own))
        )

    def _is_file(self, above: list[str], own: str) -> bool:
        return self._is_own(own) or any(_matches(glob, [*above, own]) for glob in self._paths)

    def _is_directory(self, above: list[str], own: str) -> bool:
        whole = (glob for glob in self._paths if glob[-1] is None)
        return own in self._directories or any(_matches(glob, [*above, own]) for glob in whole)

    def _is_own(self, own: str) -> bool:
        if own in self._names or own.endswith(self._ends):
            return True
        return own.startswith(self._beginnings) and self._others.fullmatch(own) is not None


def _stems(own: str) -> Iterator[str]:
    """Yield the names of the files that a file may be a copy of."""
    while stem := _without_an_ending(own):
        own = stem
        yield own
        if own.startswith((".", "#")):
            yield own[1:]  # An editor's copy of a file has one in front, too.


def _without_an_ending(own: str) -> str:
    """Return the name without what a copy has at its end; empty if it is no copy."""
    if own.endswith(_COPY_ENDS):
        return own[: -max(len(ending) for ending in _COPY_ENDS if own.endswith(ending))]
    if not _MAY_BE_INNER(own):
        return ""
    stem = _NUMBER.sub("", own) if own.endswith(_NUMBER_ENDS) else own
    stem = stem if stem != own else _INNER.sub("", own)
    return stem if stem != own else ""


def _compiled(glob: str) -> tuple[re.Pattern[str] | None, ...]:
    """Return the components of a glob, None for `**`."""
    parts = glob.split("/")
    return tuple(None if part == "**" else re.compile(fnmatch.translate(part)) for part in parts)


def _matches(glob: Sequence[re.Pattern[str] | None], parts: Sequence[str]) -> bool:
    """Return whether a glob matches the components of a name; with `**` at its end also the directory before that."""
    if not glob or (glob[0] is not None and not parts):
        return not glob and not parts
    if glob[0] is None:
        return len(glob) == 1 or _matches(glob[1:], parts) or (bool(parts) and _matches(glob, parts[1:]))
    return glob[0].fullmatch(parts[0]) is not None and _matches(glob[1:], parts[1:])
