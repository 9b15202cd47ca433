"""Runs the program as `python -m logagent`."""

from __future__ import annotations

import sys

from logagent.cli import main

sys.exit(main())
