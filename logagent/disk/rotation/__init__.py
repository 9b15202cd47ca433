"""The files of a followed log: the one that grows, older ones that are not read to their end yet, and copies of both.

May import, of ``disk``: ``files``, ``archives``, ``times`` and ``catalog``.

Doors: ``chain.Chain`` reads on through all rotations; ``held_files.HeldFiles`` decides how long a file is held
open; ``growing_file.GrowingFile`` is one of them.
"""
