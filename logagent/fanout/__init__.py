"""One answer of several sources: gathered and merged, or followed together.

May import ``core``; never ``disk``, ``peers`` or ``web``: a source is whatever has ``pump``.

Doors: ``gather.Gather`` merges sources that end; ``follow.Follow`` merges those that go on.
"""
