"""This host's log files: the only place that reads them, in threads that one module starts.

May import ``core``; never ``peers`` or ``web``.
"""
