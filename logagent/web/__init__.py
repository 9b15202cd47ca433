"""Clients: the only place that answers them.

Routes parse a request, ask the agent, and hand its source over to the body of an answer. The wing ``server`` speaks
HTTP/2 and HTTP/1.1 below; the modules here import nothing of it. The wing ``admission`` finds out who a client is.

May import ``core``; never ``disk`` or ``peers``.

Doors: ``app.create_app`` makes the application of an agent; ``answers.Answers`` are its answers under way.
"""
