"""A server with OpenAI's interface that answers without a model, well or badly: for tests of clients.

with FakeOpenai(model="fake") as server: ... server.url, server.mode = "cut", server.requests
fake_openai.py MODEL_BYTES BYTES_PER_SECOND: a process of its own, until its input ends; prints its URL. As one that loads its model for the
first answer and has a leak: its memory grows by so much then, and from then on all the time.
"""
import http.server
import json
import re
import socket
import sys
import threading
import time
import zlib

WORDS = "the answer is A because the library stands at the end of the street and opens at nine every morning".split()


def tokens_of(text):
    """A token a line break, and a word with the spaces before it."""
    return re.findall(r"\n|[^\S\n]*\S+|[^\S\n]+", text)


def logprob_of(before, token):
    """What any model but a random one would call noise: of the token before and of this one, from -6 to -0.1."""
    return -0.1 - zlib.crc32(f"{before}|{token}".encode()) % 5901 / 1000


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # else each reply waits 40 ms for an acknowledgement

    def log_message(self, *arguments):
        pass

    def reply(self, status, body, kind="application/json", headers=()):
        data = body.encode() if isinstance(body, str) else json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        for name, value in headers:
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)

    def do_GET(self):
        fake = self.server.fake
        if self.path == "/v1/models":
            self.reply(200, {"object": "list", "data": [{"id": fake.model, "object": "model", "max_model_len": fake.context}]})
        elif self.path == "/api/tags" and fake.digest:
            details = {"family": "fake", "parameter_size": "1.5M", "quantization_level": "Q8_0"}
            self.reply(200, {"models": [{"name": fake.model, "digest": fake.digest, "size": 1234567, "details": details}]})
        else:
            self.reply(404, {"error": {"message": "no such page"}})

    def do_POST(self):
        fake = self.server.fake
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        with fake.lock:
            fake.requests.append({**body, "path": self.path, "authorization": self.headers.get("Authorization")})
            number = len(fake.requests)
        if self.path not in ("/v1/chat/completions", "/v1/completions") or (fake.chat_only and self.path == "/v1/completions"):
            return self.reply(404, {"error": {"message": "no such page"}})
        if fake.refuses_unknown and "ignore_eos" in body:
            return self.reply(400, {"error": {"message": "unknown field ignore_eos"}})
        if body.get("echo") and fake.mode_of(number) == "well":
            return self.echo(body)
        if fake.on_answer:
            fake.on_answer()
        if fake.busy_file:
            fake.busy_file.touch()
        getattr(self, "mode_" + fake.mode_of(number))(body)
        if fake.busy_file:
            fake.busy_file.unlink()

    # The prompt's own tokens, then what is written, in one reply. Without fake.echo: as servers do that never heard of it.
    def echo(self, body):
        fake = self.server.fake
        written = "".join(" " + word for word in WORDS[:body["max_tokens"]])
        if not fake.echo:
            choice = {"index": 0, "text": written, "finish_reason": "length", "logprobs": None}
        else:
            text = body["prompt"] + written
            tokens = tokens_of(body["prompt"]) + tokens_of(written)
            values = [None] + [logprob_of(*pair) for pair in zip(tokens, tokens[1:])]
            if fake.echo == "lies":
                values[1] = 2.5
            offsets = [len("".join(tokens[:i])) for i in range(len(tokens))]
            choice = {"index": 0, "text": text, "finish_reason": "length",
                      "logprobs": {"tokens": tokens, "token_logprobs": values, "text_offset": offsets, "top_logprobs": None}}
        self.reply(200, {"model": fake.model, "choices": [choice]})

    # ---- The modes

    def mode_well(self, body, model=None, n=None, pause=None, usage=True, end=True, stop_at=None):
        fake = self.server.fake
        chat = self.path.endswith("/chat/completions")
        asked = body["messages"][-1]["content"] if chat else body["prompt"]
        n = min(body["max_tokens"], 24) if n is None else n
        self.start_stream()
        for i in range(n):
            if stop_at is not None and i == stop_at:
                self.connection.shutdown(socket.SHUT_RDWR)  # no last chunk: the stream is cut
                self.close_connection = True
                return
            text = WORDS[i % len(WORDS)] + " "
            choice = {"index": 0, "finish_reason": None, **({"delta": {"content": text}} if chat else {"text": text})}
            self.event({"model": model or fake.model, "choices": [choice]})
            time.sleep(fake.pause if pause is None else pause)
        reason = "length" if n >= body["max_tokens"] else "stop"
        if end:
            self.event({"model": model or fake.model, "choices": [{"index": 0, "finish_reason": reason, **({"delta": {}} if chat else {"text": ""})}]})
        if usage:
            self.event({"model": model or fake.model, "choices": [],
                        "usage": {"prompt_tokens": (len(asked) + 3) // 4, "completion_tokens": n}})
        self.chunk("data: [DONE]\n\n")
        self.chunk("")

    def mode_cuts_prompts(self, body):
        """As a server whose context is short and that says nothing of it."""
        body = {**body, **({"messages": [{"content": body["messages"][-1]["content"][-400:]}]} if "messages" in body else {"prompt": body["prompt"][-400:]})}
        self.mode_well(body)

    def mode_wrong_model(self, body):
        self.mode_well(body, model="another-model")

    def mode_cut(self, body):
        self.mode_well(body, stop_at=1)

    def mode_empty(self, body):
        self.mode_well(body, n=0)

    def mode_no_usage(self, body):
        self.mode_well(body, usage=False)

    def mode_never_stops(self, body):
        try:
            self.mode_well(body, n=10**9, pause=0)
        except OSError:
            self.close_connection = True  # the client had enough

    def mode_slow(self, body):
        self.server.fake.stopped.wait(30)
        self.close_connection = True

    def mode_error_500(self, body):
        self.reply(500, {"error": {"message": "the GPU is on fire\x1b[2J"}})

    def mode_busy(self, body):
        self.reply(429, {"error": {"message": "too many requests"}}, headers=[("Retry-After", "1")])

    def mode_html(self, body):
        self.reply(200, "<!doctype html><title>Welcome to the router</title>", kind="text/html")

    def mode_error_in_stream(self, body):
        self.start_stream()
        self.event({"error": {"message": "out of memory"}})
        self.chunk("")

    def mode_no_json(self, body):
        self.start_stream()
        self.chunk("data: {\"choices\": [\n\n")
        self.chunk("")

    def mode_huge_line(self, body):
        self.start_stream()
        try:
            for _ in range(200):
                self.chunk("x" * 65536)
        except OSError:
            pass
        self.close_connection = True

    # ---- Chunked bodies

    def start_stream(self):
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()

    def chunk(self, text):
        data = text.encode()
        self.wfile.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")
        self.wfile.flush()

    def event(self, value):
        self.chunk(f"data: {json.dumps(value)}\n\n")


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request, client_address):
        """A client that has enough and hangs up is what the tests are about."""


class FakeOpenai:
    """`mode`: of every request, or a function of the request's number (from 1). `echo`: gives the prompt back with logprobs; "lies": and lies.
    `busy_file`: is there while the server answers."""

    def __init__(self, model="fake", mode="well", digest="", chat_only=False, refuses_unknown=False, context=8192, echo=False, busy_file=None, pause=0.002):
        self.model, self.mode, self.digest, self.context = model, mode, digest, context
        self.chat_only, self.refuses_unknown, self.echo = chat_only, refuses_unknown, echo
        self.busy_file, self.pause = busy_file, pause
        self.requests, self.lock, self.stopped = [], threading.Lock(), threading.Event()
        self.on_answer = None

    def mode_of(self, number):
        return self.mode(number) if callable(self.mode) else self.mode

    def __enter__(self):
        self.server = Server(("127.0.0.1", 0), Handler)
        self.server.fake = self
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *exception):
        self.stopped.set()
        self.server.shutdown()
        self.server.server_close()


class Growing:
    """Memory that is written to, by the clock: a slow machine makes it grow later, not less."""

    def __init__(self, model_bytes, bytes_per_second):
        self.model_bytes, self.rate = model_bytes, bytes_per_second
        self.held, self.held_bytes, self.start, self.lock = [], 0, None, threading.Lock()

    def grow(self):
        with self.lock:
            self.start = self.start or time.monotonic()
            wanted = self.model_bytes + int((time.monotonic() - self.start) * self.rate)
            if wanted > self.held_bytes:
                self.held.append(b"\x01" * (wanted - self.held_bytes))
                self.held_bytes = wanted

    def keep_growing(self):
        while True:
            time.sleep(0.02)
            if self.start:
                self.grow()


if __name__ == "__main__":
    memory = Growing(int(sys.argv[1]), int(sys.argv[2]))
    threading.Thread(target=memory.keep_growing, daemon=True).start()
    with FakeOpenai("grows") as grows:
        grows.on_answer = memory.grow
        print(grows.url, flush=True)
        sys.stdin.read()
