"""Compressed files: their bytes checked and decoded, and their text cut into blocks that can be read again.

May import, of ``disk``: ``files``.

Doors: ``archive.Archive`` reads one compressed file as ``Reader`` reads a plain one; ``decoding.kind_of`` tells by its
content how a file is compressed.
"""
