"""What there is: files below the roots, the logs that they make up, and whether a file is still the one it was.

May import, of ``disk``: ``files``, ``archives`` and ``times``.

Doors: ``catalog.Catalog`` finds the logs that a query names; ``logs.Log`` is a name and its generations;
``identity`` tells whether a file is still the same.
"""
