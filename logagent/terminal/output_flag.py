"""The flag `--output`, which almost every command has."""

from __future__ import annotations

import argparse


def add_output(parser: argparse.ArgumentParser) -> None:
    """Add the flag to a command's parser."""
    parser.add_argument(
        "-o", "--output", choices=("text", "json"), default="text", help="print text for people, or JSON [text]"
    )
