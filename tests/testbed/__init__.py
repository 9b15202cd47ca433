"""A whole cluster in one process: real Hypercorn, real httpx and every layer of ours between them, over memory pipes
under Trio's virtual clock. No socket, no real second."""
