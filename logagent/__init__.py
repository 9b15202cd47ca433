"""logagent serves a host's log files in place over HTTP/2 and merges the answers of many hosts by time.

Everything that yields records is a *source* with one verb, ``await source.pump(query, out) -> Outcome``: the query
goes down, batches come up through a channel, one outcome comes back, and cancellation comes from above.
"""

from importlib.metadata import version

__version__ = version("logagent")
