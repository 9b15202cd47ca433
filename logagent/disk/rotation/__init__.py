"""The files of a followed log: the one that grows, those rotated before they were read to their end, and their copies.

May import, of ``disk``: ``files``, ``archives``, ``times`` and ``catalog``.

Doors: ``chain.Chain`` reads on through all rotations; ``growing_file.GrowingFile`` is one file of it.
"""
