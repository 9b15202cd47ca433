"""For comparison: a file streamed by Quart-Trio on Hypercorn, both as they are, over TLS.

    python stock.py FILE CERTIFICATE KEY

Prints its URL when it is ready. The body comes in chunks as large as an agent's batches.
"""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path

import hypercorn.trio
import trio
from hypercorn.config import Config
from quart import Response
from quart_trio import QuartTrio

CHUNK = 256 * 1024


def create_app(path: Path) -> QuartTrio:
    app = QuartTrio(__name__)

    @app.get("/")
    async def whole() -> Response:
        async def chunks() -> AsyncIterator[bytes]:
            with path.open("rb", buffering=0) as file:
                while chunk := file.read(CHUNK):
                    yield chunk

        response = Response(chunks(), content_type="text/plain")
        response.timeout = None
        return response

    return app


async def main(path: Path, certificate: str, key: str) -> None:
    config = Config()
    config.bind = ["127.0.0.1:0"]
    config.certfile, config.keyfile = certificate, key
    config.errorlog = None
    async with trio.open_nursery() as nursery:
        serve = partial(hypercorn.trio.serve, create_app(path), config)
        bound = await nursery.start(serve)
        print("stock", bound[0], flush=True)


if __name__ == "__main__":
    file, own_certificate, own_key = sys.argv[1:]
    trio.run(main, Path(file), own_certificate, own_key)
