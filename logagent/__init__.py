"""logagent: serves a host's log files in place over HTTP/2 and merges many hosts' answers by time.

Everything that yields records is a *source* with one verb, ``await source.pump(query, out) -> Outcome``: the query
goes down, batches come up a channel, one outcome comes back, cancellation comes from above.
"""

from importlib.metadata import version

__version__ = version("logagent")
