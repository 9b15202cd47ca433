"""Compressed files: decompresses them in bounded memory, and cuts their text into blocks of whole lines.

May import, of ``disk``: ``files``.

Doors: ``archive.Archive`` reads the lines of a compressed file as ``files.reader.Reader`` reads those of a plain one;
``decoding.Decompression`` gives its text; ``compression.compression_of`` tells by a file's content how it is
compressed.
"""
