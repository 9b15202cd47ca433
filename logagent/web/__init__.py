"""Clients: the only place that answers them.

May import ``core``; never ``disk`` or ``peers``.
"""
