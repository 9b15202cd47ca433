"""The HTTP server: everything that adapts Hypercorn, and nothing that knows of logs.

From the socket up: `listening` opens sockets, `connections` accepts clients on them, a `client_connection` guards one
client, `http1` or `http2` speaks its protocol, and a `request_stream` runs the application for one request.

May import ``core``, ``core/wire``; of ``web``: nothing.

Doors: ``listening.listen`` opens a socket; ``connections.serve`` serves an application on sockets.
"""
