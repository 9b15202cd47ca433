"""Python's garbage collector in a process that serves: it looks through what comes and goes, not through what stays.

A hundred thousand objects, most of them of modules, live as long as the process. To look through all of them takes the
collector a tenth of a second and more, in which nothing else runs, after every few hundred questions.
"""

from __future__ import annotations

import gc

GROWN = 10_000
"""Objects beside those that are known to stay, from which on all that is there at rest is taken to stay: modules that
were loaded late, and what is remembered of logs. To look through so many takes a hundredth of a second."""


def leave_alone_what_stays() -> None:
    """Collect all garbage, and let the collector look no more through what is left.

    What is left and becomes garbage later, lying in a circle, is found by the next call.
    """
    gc.unfreeze()
    gc.collect()
    gc.freeze()


def collect_at_rest() -> None:
    """Collect garbage while nobody waits; where much has come to stay, or all is looked through again, leave it alone.

    Work in steps has the collector look through all again, see `DiskThreads.in_slices`.
    """
    if len(gc.get_objects()) > GROWN:
        leave_alone_what_stays()
    else:
        gc.collect()
