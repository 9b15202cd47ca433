"""What an agent tells of itself: its own logs, metrics and traces.

May import ``config`` and ``core``; never ``disk``, ``peers`` or ``web``. Where a request is accepted, asked about and
answered, the other directories call the one module ``hook``, and import nothing else of this one; in ``core`` nothing
calls it.

Doors: ``hook.Telemetry`` tells observers of requests; ``hook.Observer`` is what each of them is; ``own_logs`` is the
agent's own log; ``traces.configured`` sends its traces.
"""
