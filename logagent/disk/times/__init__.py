"""Times of a file's lines: read where they are needed, and searched by bisection.

May import, of ``disk``: ``files`` and ``archives``.

Doors: ``stamping.FileTimes`` gives the times of a block's lines; ``appended`` those of lines as they are written;
``bisection.bounds`` the part of a file that a range of time lies in.
"""
