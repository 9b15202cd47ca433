"""Times in lines: finds where a line states its time, in which format, and which instant that is.

May import, of ``core``: its own modules.

Doors: ``stamper.Stamper`` reads the times of one file's lines; ``locating.find_time`` finds the time in one line;
``moments`` reads and writes instants for people; ``formats`` says how to add a format to the tables.
"""
