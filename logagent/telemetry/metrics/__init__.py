"""Figures of one agent, counted while it answers, and made into text when somebody asks for them.

Everything is counted in plain numbers on the event loop. `prometheus-client`, which makes the text, is loaded with the
first question for it, so that an agent whose figures nobody asks for does not pay for it. Nothing is kept in that
library's global registry: a process may hold several agents.

May import, of ``telemetry``: ``hook``.

Doors: ``metrics.Metrics`` is all figures of an agent; ``figures.Figures`` is what it is told of the others' state.
"""
