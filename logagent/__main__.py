"""Runs the program, as `logagent` or `python -m logagent`; while it is loaded, Ctrl-C ends it without a word.

Private part touched: `_run_exitfuncs` of `atexit`.
"""

from __future__ import annotations

import atexit
import contextlib
import gc
import os
import signal
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import NoReturn

TOOLS = 6
"""Tools that may watch a program at the same time, see `sys.monitoring`."""
SWITCH = 0.0002
"""Seconds after which a thread that works gives the interpreter lock to one that waits for it. The event loop waits for
it after each call of the system, thousands of times in a large answer, and Python's own five milliseconds are as long
as a whole block of lines takes."""


def main() -> int:
    """Load the program, run it, and return its exit code.

    Loading takes a moment, in which Python would answer a Ctrl-C with a traceback, and so does the end of the process;
    then the signal just kills.
    """
    # Else numpy, once it is loaded, starts threads for matrices, which nobody here multiplies.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    sys.setswitchinterval(SWITCH)
    interrupted = signal.getsignal(signal.SIGINT)
    if interrupted is signal.default_int_handler:  # else the caller has it ignored
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    gc.disable()  # see `asking_commands.loading`
    from logagent import cli
    from logagent.terminal.verdicts import DIED_OF_SIGNAL

    gc.enable()

    try:
        signal.signal(signal.SIGINT, interrupted)
        return cli.main()
    except KeyboardInterrupt:
        return DIED_OF_SIGNAL + signal.SIGINT
    finally:
        if interrupted is signal.default_int_handler:
            signal.signal(signal.SIGINT, signal.SIG_DFL)


def program() -> NoReturn:
    """Run the program, and end the process with its exit code.

    It ends at once: before that, Python would take apart all that was loaded, which takes longer than many an answer.
    What waits for the end is done first, and where a debugger or a profiler watches, Python ends as it always does.
    """
    code = main()
    if _is_watched():
        sys.exit(code)
    atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        if stream is not None:  # None: the caller closed it
            with contextlib.suppress(OSError, ValueError):
                stream.flush()
    os._exit(code)


def _is_watched() -> bool:
    """Return whether a debugger, a profiler or the like watches, which Python 3.12 and later tell as tools."""
    if sys.gettrace() or sys.getprofile():
        return True
    monitoring = getattr(sys, "monitoring", None)
    return monitoring is not None and any(monitoring.get_tool(number) for number in range(TOOLS))


if __name__ == "__main__":
    program()
