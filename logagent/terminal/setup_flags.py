"""The flags of the commands that set something up: `certs`, `token`, `access`, `reload` and `demo`."""

from __future__ import annotations

import argparse

from logagent.terminal.context_flags import FLAG

RELOAD_CODES = """\
exit codes:
  0  all that the settings say is in force
  2  something is wrong, and nothing has changed; or no agent was reached
  3  all is in force but what takes a restart"""
"""The exit codes of `reload`."""


def add_certs(parser: argparse.ArgumentParser) -> argparse.ArgumentParser:
    """Add the arguments of `certs`."""
    acts = parser.add_subparsers(dest="act", metavar="ACT", required=True)
    authority = acts.add_parser("init", help="make an authority: ca.pem and ca-key.pem", allow_abbrev=False)
    authority.add_argument("directory", metavar="DIR", help="where to write them; made if it is missing")
    host = acts.add_parser(
        "host", help="make a host's certificate and key, signed by that authority", allow_abbrev=False
    )
    host.add_argument("name", metavar="NAME", help="the host's name; the files are NAME.pem and NAME-key.pem")
    host.add_argument("directory", metavar="DIR", help="the directory of the authority, and of the new files")
    host.add_argument(
        "--address",
        metavar="A",
        action="append",
        default=[],
        help="an IP address or DNS name by which others reach the host; repeatable",
    )
    host.add_argument("--overwrite", action="store_true", help="replace the host's older files")
    _add_client(acts.add_parser("client", help="make a person's certificate and key likewise", allow_abbrev=False))
    _add_revoked(acts)
    return parser


def _add_client(client: argparse.ArgumentParser) -> None:
    client.add_argument("name", metavar="NAME", help="the person's name or address of mail; rules name it cert:NAME")
    client.add_argument("directory", metavar="DIR", help="the directory of the authority, and of the new files")
    client.add_argument(
        "--group", metavar="G", action="append", default=[], help="a group that the person is in; repeatable"
    )
    client.add_argument("--days", metavar="N", type=int, help="how long it holds [365]")
    client.add_argument("--overwrite", action="store_true", help="replace the person's older files")


def _add_revoked(acts: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    revoked = acts.add_parser(
        "revoke", help="have certificates refused: writes crl.pem, which every agent needs", allow_abbrev=False
    )
    revoked.add_argument(
        "which",
        metavar="NAME|FILE|FINGERPRINT",
        help="of whom all certificates are revoked, or the one: its file, or its SHA-256 as `certs list` prints it",
    )
    listed = acts.add_parser("list", help="list the certificates that the authority has signed", allow_abbrev=False)
    listed.add_argument("--json", action="store_true", help="print them as JSON")
    for act in (revoked, listed):
        act.add_argument("directory", metavar="DIR", help="the directory of the authority")


def add_token(parser: argparse.ArgumentParser) -> argparse.ArgumentParser:
    """Add the arguments of `token`."""
    acts = parser.add_subparsers(dest="act", metavar="ACT", required=True)
    new = acts.add_parser(
        "new", help="make a token and print it, once; only its SHA-256 is written", allow_abbrev=False
    )
    new.add_argument("name", metavar="NAME", help="whom the token is for; rules name him token:NAME")
    new.add_argument(
        "--group",
        metavar="G",
        action="append",
        default=[],
        help="a group that it is in; repeatable [those of the newest valid token of that name]",
    )
    new.add_argument("--expires", metavar="SPAN", help="when it ends, such as 12h, 90d or 52w from now [never]")
    listed = acts.add_parser("list", help="list names, fingerprints, groups and ends of tokens", allow_abbrev=False)
    listed.add_argument("--json", action="store_true", help="print them as JSON")
    revoked = acts.add_parser(
        "revoke", help="have all tokens of a name refused, or one, within a second", allow_abbrev=False
    )
    revoked.add_argument("which", metavar="NAME|FINGERPRINT", help="as `logagent token list` prints it")
    for act in (new, listed, revoked):
        act.add_argument(
            "--tokens",
            metavar="FILE",
            help="the file of tokens [$LOGAGENT_TOKENS, else that of the settings in $LOGAGENT_CONFIG or "
            "/etc/logagent.toml, else /etc/logagent/tokens]",
        )
    return parser


def add_access(parser: argparse.ArgumentParser) -> argparse.ArgumentParser:
    """Add the arguments of `access`."""
    acts = parser.add_subparsers(dest="act", metavar="ACT", required=True)
    explain = acts.add_parser(
        "explain",
        help="say which rule decides about somebody's questions about a file, and why",
        epilog="exit codes: 0 allowed, 1 denied, 2 wrong usage, or settings that cannot be read",
        allow_abbrev=False,
    )
    explain.add_argument("identity", metavar="IDENTITY", help="who asks: token:alice, unix:alice@web-1, anonymous")
    explain.add_argument("host", metavar="HOST", nargs="?", help="the host that is asked [this one]")
    explain.add_argument("file", metavar="FILE", help="a file below the roots, ROOT:FILE, or an absolute path")
    explain.add_argument(
        "--group",
        metavar="G",
        action="append",
        default=[],
        help="a group that he is in; repeatable [a token's]",
    )
    explain.add_argument(
        "--what",
        metavar="KIND",
        action="append",
        default=[],
        help="the question that the exit code is about: logs, hits, files, follow, hosts or metrics; repeatable [logs]",
    )
    check = acts.add_parser(
        "check",
        help="find rules that never count, and hosts that have other rules",
        epilog="exit codes: 0 nothing is wrong, 1 something is, 2 it could not be looked at",
        allow_abbrev=False,
    )
    check.add_argument("--timeout", metavar="SPAN", default="10s", help="how long to wait for each host [10s]")
    check.add_argument(FLAG, metavar="NAME", help="compare with the agent of this context alone")
    for act in (explain, check):
        act.add_argument(
            "--config", metavar="FILE", help="the file of settings [$LOGAGENT_CONFIG, else /etc/logagent.toml]"
        )
    return parser


def add_demo(parser: argparse.ArgumentParser) -> argparse.ArgumentParser:
    """Add the arguments of `demo`."""
    parser.add_argument(
        "--keep", action="store_true", help="keep the agents running, and their logs growing, until Ctrl-C"
    )
    parser.add_argument("--directory", metavar="DIR", help="where to put logs and certificates [a temporary directory]")
    return parser


def add_reload(parser: argparse.ArgumentParser) -> argparse.ArgumentParser:
    """Add the arguments of `reload`."""
    parser.epilog = RELOAD_CODES
    parser.add_argument(
        "--control",
        metavar="PATH",
        help="the socket of the agent, its setting `control` [that of this host's settings, else the one that is found "
        "in /run/logagent or $XDG_RUNTIME_DIR/logagent]",
    )
    return parser
