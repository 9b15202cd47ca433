"""The commands `grep`, `tail`, `ls` and `cat`: letters, order and output are those of the Unix programs of these names.

One host is read as its files would be, one log after the other, each from its oldest generation on, so that
`cat GENERATIONS | grep` is the measure. Several hosts are merged by time, oldest first. Commands that ask otherwise
import nothing of this.

May import, of ``terminal``: its own modules.

Doors: ``commands`` checks the arguments and runs a command over a blocking socket, ``on_trio`` on Trio.
"""
