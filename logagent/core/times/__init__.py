"""Times in lines: finds where a line states its time, in which format, and which instant that is.

May import, of ``core``: its own modules.

Doors: ``stampers.stamper_for`` gives what reads the times of one file's lines; ``named_judging.judge_with`` judges a
file by its lines; ``named_formats.named_format`` reads a format that people name; ``explaining`` and ``suggesting`` say
what was taken for times; ``locating.find_time`` finds the time in one line; ``moments`` reads and writes instants for
people; ``formats`` says how to add a format to the tables.
"""
