"""Many agents in one process, each on a port of its own: `python benchmarks/hundred.py DIRECTORY`.

Each directory below DIRECTORY is served by an agent of its name. Prints `ready NAME=URL,...` once all listen.
"""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path

import trio

from logagent.config.loading import load
from logagent.running.serving import serve


async def main(roots: list[Path]) -> None:
    """Serve until killed."""
    urls: dict[str, str] = {}
    async with trio.open_nursery() as nursery:
        for root in roots:
            ready = trio.Event()
            flags = {"name": [root.name], "root": [str(root)], "listen": ["127.0.0.1:0"]}
            settings = load(flags, {}, host=root.name, file=None)
            nursery.start_soon(partial(serve, settings, started=partial(_note, urls, root.name, ready)))
            await ready.wait()
        print("ready", ",".join(f"{name}={url}" for name, url in urls.items()), flush=True)


def _note(urls: dict[str, str], name: str, ready: trio.Event, addresses: list[str]) -> None:
    urls[name] = addresses[0]
    ready.set()


if __name__ == "__main__":
    trio.run(main, sorted(Path(sys.argv[1]).iterdir()))
