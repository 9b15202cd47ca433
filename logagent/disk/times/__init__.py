"""Times of a file's lines: reads them where they are needed, and bisects a file by them.

May import, of ``disk``: ``files`` and ``archives``.

Doors: ``stamping.FileTimes`` gives the lines of a file their times, ``appended.AppendedTimes`` those of a file that
grows; ``bisection.bounds`` finds the part of a file that a range of time lies in.
"""
