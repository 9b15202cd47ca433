"""The agent's own log: what any of its code tells by the standard ``logging``, written by one thread to its targets.

All that costs is done in that thread: the making of lines and the writing. So neither a full disk nor a target that
hangs ever stops or slows an answer; what could not be written is counted, and told once it can be written again.

May import, of ``telemetry``: ``hook``. Of the package otherwise: ``config`` and ``core``.

Doors: ``queue.LogQueue`` takes what is told and never waits; ``handler.QueueHandler`` puts the records of ``logging``
into it; ``told.Told`` is one thing that was told; ``requests.StoryLog`` tells the story of each request.
"""
