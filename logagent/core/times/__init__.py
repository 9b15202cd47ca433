"""Times in lines: where a line keeps its time, in which layout, and which instant it names.

May import, of ``core``: its own modules.

Doors: ``stamper.Stamper`` reads the times of one file's lines; ``locating.find`` finds a time in one line; ``moments``
reads and writes instants for people.
"""
