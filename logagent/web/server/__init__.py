"""The HTTP server: everything that adapts Hypercorn, and nothing that knows of logs.

May import, of ``web``: nothing.

Doors: ``listening`` opens the sockets; ``connections`` serves an application on them.
"""
