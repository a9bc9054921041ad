"""A server that speaks OpenAI's schema, answers as it is told, and remembers what it was asked."""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(frozen=True)
class Answer:
    """What the next request gets, instead of a completion."""

    status: int = 200
    body: str | None = None
    headers: dict[str, str] = field(default_factory=dict)
    seconds: float = 0.0
    drip: float = 0.0
    """Seconds from one byte of the body to the next."""
    hang_up: bool = False


@dataclass
class Server:
    """Answers are used up in the order of arrival; after them, every request is served well."""

    url: str = ""
    answers: list[Answer] = field(default_factory=list)
    models: Answer = field(default_factory=lambda: Answer(404, "{}"))
    asked: list[dict[str, Any]] = field(default_factory=list)
    keys: list[str | None] = field(default_factory=list)
    choice: dict[str, Any] = field(default_factory=dict)
    at_once: int = 0
    most_at_once: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def next_answer(self) -> Answer:
        with self.lock:
            return self.answers.pop(0) if self.answers else Answer()


@contextmanager
def openai_server() -> Iterator[Server]:
    server = Server()
    listener = ThreadingHTTPServer(("127.0.0.1", 0), _handler(server))
    listener.daemon_threads = True
    server.url = f"http://127.0.0.1:{listener.server_address[1]}/v1"
    threading.Thread(target=listener.serve_forever, args=(0.01,), daemon=True).start()
    try:
        yield server
    finally:
        listener.shutdown()
        listener.server_close()


def _handler(server: Server) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            server.keys.append(self.headers.get("Authorization"))
            self._send(server.models)

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            with server.lock:
                server.asked.append(body | {"path": self.path})
                server.keys.append(self.headers.get("Authorization"))
                server.at_once += 1
                server.most_at_once = max(server.most_at_once, server.at_once)
            answer = server.next_answer()
            time.sleep(answer.seconds)
            with server.lock:
                server.at_once -= 1
            if answer.hang_up:
                self.close_connection = True
            elif answer.body is None and answer.status == 200:
                self._send(Answer(200, json.dumps(_completion(body, server.choice))))
            else:
                self._send(answer)

        def _send(self, answer: Answer) -> None:
            payload = (answer.body or "{}").encode()
            self.send_response(answer.status)
            for name, value in answer.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(payload)))
            self.end_headers()
            pieces = [bytes([each]) for each in payload] if answer.drip else [payload]
            with suppress(OSError):  # whoever asked may have gone
                for piece in pieces:
                    self.wfile.write(piece)
                    time.sleep(answer.drip)

        def log_message(self, *_: object) -> None:
            """Says nothing."""

    return Handler


def _completion(body: dict[str, Any], choice: dict[str, Any]) -> dict[str, Any]:
    """Answers with the prompt and the seed, unless told otherwise."""
    written = f"{body.get('prompt') or body['messages'][-1]['content']} #{body['seed']}"
    said = {"message": {"role": "assistant", "content": written}} if "messages" in body else {"text": written}
    usage = {"prompt_tokens": 7, "completion_tokens": 3}
    return {"choices": [{"index": 0, "finish_reason": "stop"} | said | choice], "usage": usage}
