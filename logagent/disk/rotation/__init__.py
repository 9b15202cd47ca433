"""The files of a followed log: the growing one, older ones that are not fully read yet, and copies of both.

May import, of ``disk``: ``files``, ``archives``, ``times`` and ``catalog``.

Doors: ``chain.Chain`` reads on through all rotations; ``held_files.HeldFiles`` decides how long a file is held
open; ``growing_file.GrowingFile`` is one of them.
"""
