"""The transport between agents: HTTP/2 over httpx with trailers, prompt cancelling and bounded windows.

May import, of ``peers``: nothing.

Doors: ``transport`` is the transport that an ``httpx.AsyncClient`` is given.
"""
