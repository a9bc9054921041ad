"""S3 as moto speaks it, over HTTP, and what can go wrong on the way to it.

It answers one request at a time, which makes its conditional PUT atomic: with threads, moto compares and writes in two
steps. Faults of the store are made in front of it (`Network`), those of the network in a proxy that cuts (`Wire`).
"""

import contextlib
import logging
import socket
import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

Environ = dict[str, Any]


@dataclass
class Refusal:
    """What the store says to requests like these, instead of serving them, so many times."""

    method: str
    like: str
    """In path and query."""
    status: int
    code: str
    times: int = 1_000_000
    seen: int = 0

    def meets(self, environ: Environ) -> bool:
        asked = f"{environ['PATH_INFO']}?{environ['QUERY_STRING']}"
        if self.seen >= self.times or environ["REQUEST_METHOD"] != self.method or self.like not in asked:
            return False
        self.seen += 1
        return True


class Network:
    """Stands before the store and spoils what a test asks it to."""

    def __init__(self) -> None:
        from moto.server import DomainDispatcherApplication, create_backend_app  # late: see tests/conftest.py

        self.store = DomainDispatcherApplication(create_backend_app)
        self.heal()

    def heal(self) -> None:
        self.ignores_conditions = False
        self.loses_answer_to = ""
        self.refusals: list[Refusal] = []
        self.puts: list[str] = []

    def refuse(self, *refusal: Any, **more: Any) -> Refusal:
        self.refusals.append(Refusal(*refusal, **more))
        return self.refusals[-1]

    def __call__(self, environ: Environ, answer: Callable[..., Any]) -> Iterable[bytes]:
        path = environ["PATH_INFO"]
        if self.ignores_conditions:
            environ.pop("HTTP_IF_NONE_MATCH", None)
            environ.pop("HTTP_IF_MATCH", None)
        for refusal in self.refusals:
            if refusal.meets(environ):
                environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
                answer(f"{refusal.status} No", [("Content-Type", "application/xml")])
                return [f"<Error><Code>{refusal.code}</Code><Message>as the test wants it</Message></Error>".encode()]
        if environ["REQUEST_METHOD"] == "PUT":
            self.puts.append(path)
            if self.loses_answer_to and path.endswith(self.loses_answer_to):
                self.loses_answer_to = ""
                list(self.store(environ, lambda *_: None))  # it arrives
                answer("500 Internal Server Error", [])
                return []
        return list(self.store(environ, answer))


@contextlib.contextmanager
def served() -> Iterator[tuple[Network, int]]:
    """The network and its port."""
    from werkzeug.serving import make_server

    logging.getLogger("werkzeug").setLevel(logging.CRITICAL)
    network = Network()
    server = make_server("127.0.0.1", 0, network, threaded=False)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield network, server.port
    server.shutdown()


class Wire:
    """A TCP proxy. `cut(b"PUT", b"part-", 4096)` cuts connections whose first line has both, after so many bytes."""

    def __init__(self, port: int) -> None:
        self._to = port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self.heal()
        threading.Thread(target=self._listen, daemon=True).start()

    def heal(self) -> None:
        self._first_line: tuple[bytes, bytes] | None = None
        self.cuts = 0

    def cut(self, method: bytes, like: bytes, after: int, times: int = 1_000_000, coming_back: bool = False) -> None:
        self._first_line, self._after, self._times, self._back = (method, like), after, times, coming_back

    def close(self) -> None:
        self._listener.close()

    def _listen(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                near, _ = self._listener.accept()
                threading.Thread(target=self._connect, args=(near,), daemon=True).start()

    def _connect(self, near: socket.socket) -> None:
        with contextlib.suppress(OSError), near, socket.create_connection(("127.0.0.1", self._to)) as far:
            first = near.recv(65_536)
            line, spoilt = first.partition(b"\r\n")[0], False
            if self._first_line and self.cuts < self._times:
                method, like = self._first_line
                spoilt = line.startswith(method) and like in line
                self.cuts += spoilt
            far.sendall(first)
            limits = [self._after if spoilt and back == self._back else None for back in (False, True)]
            back = threading.Thread(target=self._pump, args=(far, near, limits[1]), daemon=True)
            back.start()
            self._pump(near, far, limits[0])
            back.join()

    def _pump(self, source: socket.socket, sink: socket.socket, limit: int | None) -> None:
        passed = 0
        with contextlib.suppress(OSError):
            while data := source.recv(16_384):
                passed += len(data)
                if limit is not None and passed > limit:
                    for end in (source, sink):  # wakes the other thread too, which closing would not
                        end.shutdown(socket.SHUT_RDWR)
                    return
                sink.sendall(data)
            sink.shutdown(socket.SHUT_WR)
