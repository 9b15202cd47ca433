"""Traces: the story of each request as spans of OpenTelemetry, sent to a collector in a thread of their own.

Nothing of it is loaded unless a collector is configured, and whatever becomes of that one, no answer waits for it:
spans that cannot be sent in time are dropped and counted.

May import, of ``telemetry``: its own modules.

Doors: ``configured.Tracing`` is all of it as the settings have it; ``configured.check`` says what settings lack.
"""
