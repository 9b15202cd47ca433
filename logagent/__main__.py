"""Runs the program, as `logagent` or `python -m logagent`; while it is loaded, Ctrl-C ends it without a word."""

from __future__ import annotations

import os
import signal
import sys


def main() -> int:
    """Load the program, run it, and return its exit code.

    Loading takes a moment, in which Python would answer a Ctrl-C with a traceback, and so does the end of the process;
    then the signal just kills.
    """
    # Else numpy, once it is loaded, starts threads for matrices, which nobody here multiplies.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    interrupted = signal.getsignal(signal.SIGINT)
    if interrupted is signal.default_int_handler:  # else the caller has it ignored
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    from logagent import cli
    from logagent.terminal.verdicts import DIED_OF_SIGNAL

    try:
        signal.signal(signal.SIGINT, interrupted)
        return cli.main()
    except KeyboardInterrupt:
        return DIED_OF_SIGNAL + signal.SIGINT
    finally:
        if interrupted is signal.default_int_handler:
            signal.signal(signal.SIGINT, signal.SIG_DFL)


if __name__ == "__main__":
    sys.exit(main())
