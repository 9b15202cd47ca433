"""The rows of the table that say who may ask an agent, for what, and by which names."""

from __future__ import annotations

from logagent.config import access_rules, accounts, acting, values
from logagent.config.setting import Setting

NEVER_SERVE = Setting(
    "never_serve",
    values.globs,
    "further files that are never served, not by their exact names either, nor their copies, nor links to them; one "
    "without / is a file's own name",
    "globs",
    otherwise="none besides keys, histories, `.env` and the like, which stay hidden",
    repeatable=True,
)
"""Secrets that lie beside logs."""

TOKENS = Setting(
    "tokens",
    str,
    "the file of tokens that `logagent token` writes: who shows one of them in the header Authorization is known by "
    "its name; a changed file counts within a second; without this setting and oidc_issuer that header is not looked "
    "at",
    "file",
    otherwise="none; /etc/logagent/tokens is usual",
)
"""Who is known by a token."""

UNIX_SOCKETS = (
    Setting(
        "listen_mode",
        values.file_mode,
        "the mode of Unix sockets: who may write to one may connect; which of them are served, local_users says",
        "octal digits",
        default="0666",
    ),
    Setting(
        "listen_group",
        accounts.group,
        "the group of Unix sockets",
        "name or number",
        otherwise="the agent's own",
    ),
)
"""The files of Unix sockets."""

CLEARTEXT = (
    Setting(
        "known_as",
        values.known_name,
        "a further name by which clients address this agent in cleartext, where requests are refused that name neither "
        "an IP address nor localhost, this host's name, or a name of its certificate: web pages could have sent them",
        "name or *.domain",
        otherwise="none",
        repeatable=True,
    ),
    Setting(
        "local_users",
        accounts.users,
        "users of this machine who are served over loopback and Unix sockets, besides root and the agent's own user, "
        "while there is no rule",
        "names or numbers",
        otherwise="none",
        repeatable=True,
    ),
    Setting(
        "local_groups",
        accounts.groups,
        "groups of this machine whose members are served likewise; never users and nogroup; empty: none",
        "names or numbers",
        otherwise="the agent's supplementary groups, without those for devices",
        repeatable=True,
    ),
    Setting(
        "trust_loopback",
        values.switch,
        "serve every user of this machine over loopback and Unix sockets, with the rights of the agent; with rules, "
        "which give rights then, take users whom the machine cannot tell apart for anonymous",
        "true or false",
        default="false",
    ),
)
"""Who is served in cleartext."""

REVOKED = (
    Setting(
        "tls_crl",
        str,
        "the list of certificates that the authority has revoked, as `logagent certs revoke` makes it, or several; in "
        "PEM or DER; a change counts within a second",
        "file",
        otherwise="crl.pem of certs, as soon as it is there",
    ),
    Setting(
        "revoked",
        str,
        "a list of certificates that count no more, each by its SHA-256 fingerprint on a line of its own; what follows "
        "one is a remark; a change counts within a second",
        "file",
        otherwise="none",
    ),
)
"""Certificates that count no more."""

RULES = (
    Setting(
        "rule",
        access_rules.access_rule,
        "who may read what: tables [[rule]], the first that fits deciding; as soon as there is one, what none allows "
        "is denied to everybody",
        "table",
        otherwise="none: whoever is served may read everything",
        repeatable=True,
        in_file_only=True,
    ),
    Setting(
        "acting",
        acting.acting,
        "an agent that may ask for others, by the name in its certificate or a glob of it, and the kinds of identities "
        "that it may claim, of token, cert, oidc, unix and anonymous; in the environment with ; between several, in "
        "the file a table [acting] of name = kinds",
        "name=kinds",
        otherwise="none",
        repeatable=True,
        between=";",
    ),
)
"""Who may read what, and who may ask for whom."""
