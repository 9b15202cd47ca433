"""The HTTP client for other agents: HTTP/2 below httpx, with trailers, prompt cancelling and bounded windows.

May import, of ``peers``: ``ssh``.

Doors: ``http_client.connect`` makes the client; ``http_client.chunks`` and ``http_client.trailers`` read a response.
"""
