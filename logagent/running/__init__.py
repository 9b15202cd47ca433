"""The agent as a process: made of its settings, served until it is told to stop, and changed while it runs.

Here everything is put together, so it may import all other directories; of them none imports it, and of the modules at
the root ``setup_commands`` alone. Only ``in_force``, ``serving`` and ``stdio`` name more than one of ``disk``,
``peers`` and ``web``.

Doors: ``serving.serve`` serves, ``stdio.serve`` over the process's own pipes; ``in_force.in_force`` makes of settings
what answers questions, ``reloading.Reloader`` puts others in its place, with ``opening`` for the listeners and
``kept_peers`` for the connections to peers; ``control_socket`` is how ``logagent reload`` reaches the agent.
"""
