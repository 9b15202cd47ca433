"""The flags of the commands that set something up: `certs` and `demo`."""

from __future__ import annotations

import argparse


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
    return parser


def add_demo(parser: argparse.ArgumentParser) -> argparse.ArgumentParser:
    """Add the arguments of `demo`."""
    parser.add_argument(
        "--keep", action="store_true", help="keep the agents running, and their logs growing, until Ctrl-C"
    )
    parser.add_argument("--directory", metavar="DIR", help="where to put logs and certificates [a temporary directory]")
    return parser
