"""One answer from several sources, which are merged or followed together.

May import ``core``; never ``disk``, ``peers`` or ``web``: a source is whatever has ``pump``.

Doors: ``gather.Gather`` merges sources that end; ``follow.Follow`` merges sources that do not end.
"""
