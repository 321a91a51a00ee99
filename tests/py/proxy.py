# SPDX-License-Identifier: Apache-2.0
"""A small HTTP proxy for tests: forwards absolute-form requests, tunnels CONNECT, remembers what it was asked for."""

import select
import socket
import threading
from urllib.parse import urlsplit


class Proxy:
    """Listens on loopback while it is used as a context manager. `requests` holds the first line of each request."""

    def __init__(self):
        self.requests = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"

    def __enter__(self):
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_):
        self._listener.close()

    def _accept(self):
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client):
        with client:
            head = b""
            while b"\r\n\r\n" not in head:
                data = client.recv(65536)
                if not data:
                    return
                head += data
            line, rest = head.split(b"\r\n", 1)
            self.requests.append(line.decode())
            method, target, version = line.split(b" ", 2)
            if method == b"CONNECT":
                host, port = target.decode().rsplit(":", 1)
                first, answer = head.split(b"\r\n\r\n", 1)[1], b"HTTP/1.1 200 OK\r\n\r\n"
            else:
                url = urlsplit(target.decode())
                host, port = url.hostname, url.port or 80
                path = target[len(f"http://{url.netloc}") :] or b"/"
                # One request a connection is enough here: the server closes after its answer.
                first, answer = b" ".join((method, path, version)) + b"\r\nConnection: close\r\n" + rest, b""
            # *.localhost is this machine (RFC 6761), even where the resolver does not know it.
            host = "127.0.0.1" if host.endswith(".localhost") else host
            with socket.create_connection((host, int(port))) as upstream:
                client.sendall(answer)
                upstream.sendall(first)
                self._shovel(client, upstream)

    @staticmethod
    def _shovel(client, upstream):
        while True:
            for ready in select.select([client, upstream], [], [])[0]:
                try:
                    data = ready.recv(65536)
                    (upstream if ready is client else client).sendall(data)
                except OSError:
                    return
                if not data:
                    return
