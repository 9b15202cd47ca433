"""logagent serves a host's log files in place over HTTP/2 and merges the answers of many hosts by time.

Everything that yields records is a *source* with one verb, ``await source.pump(query, out) -> Outcome``: the query
goes down, batches come up through a channel, one outcome comes back, and cancellation comes from above.
"""

__version__ = "0.1.0"
"""Written here, and read from here when the package is built: asking its metadata takes longer than a question."""
