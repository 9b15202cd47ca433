"""The log files of this host: found below the roots, grouped to logs, and recognised after a rotation.

May import, of ``disk``: ``files``, ``archives`` and ``times``.

Doors: ``catalog.Catalog`` finds the logs that a query names; ``logs.Log`` is a name and its generations;
``identity`` tells whether a file is still the same; ``listed_logs.LogLister`` lists logs with their times.
"""
