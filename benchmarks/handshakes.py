"""A flood of TLS handshakes by clients without a certificate, in a process of its own, until it is ended.

python benchmarks/handshakes.py HOST PORT CONNECTIONS
"""

from __future__ import annotations

import socket
import ssl
import sys
import threading
from contextlib import suppress

REQUEST = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes(3) + b"\x04" + bytes(5)
"""What a client of HTTP/2 sends first, before it can know that it is refused."""


def flood(host: str, port: int) -> None:
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.set_alpn_protocols(["h2"])
    while True:
        with suppress(OSError), socket.create_connection((host, port), timeout=5.0) as plain:
            with context.wrap_socket(plain) as client:
                client.sendall(REQUEST)
                while client.recv(4096):
                    pass


def main(host: str, port: str, connections: str) -> None:
    threads = [threading.Thread(target=flood, args=(host, int(port))) for _ in range(int(connections))]
    for thread in threads:
        thread.start()


if __name__ == "__main__":
    main(*sys.argv[1:])
