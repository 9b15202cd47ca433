"""Other agents: the only place that makes connections to them.

May import ``core``; never ``disk`` or ``web``.
"""
