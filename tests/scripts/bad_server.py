"""HTTP servers that behave badly, and ones that answer as model sources are documented to. On this machine only; for pull_test.py.

BadServer(file).url(mode) is an address whose replies for `file` go wrong in the way that `mode` names; `requests` holds what was asked.
"""
import hashlib
import http.server
import json
import re
import threading
import time
import urllib.parse

GGUF_TYPE = "application/octet-stream"
COMMIT = "0123456789abcdef0123456789abcdef01234567"


class BadServer:
    def __init__(self, content, rate=None, pause_every=1 << 16):
        self.content = content
        self.sha256 = hashlib.sha256(content).hexdigest()
        self.rate, self.pause_every = rate, pause_every  # bytes per second, or as fast as it goes
        self.requests = []  # (path, headers) in order
        self.sent = 0       # bytes of files
        self.lock = threading.Lock()
        self.closing = threading.Event()
        self.busy = False   # a reply is under way, of the mode that gives one at a time
        self.at_once, self.most_at_once = 0, 0  # replies under way
        self.counts = {}    # by mode
        self.parts = []     # of the model in the repository owner/split
        self.token = None   # of the gated repository
        self.other = None   # another server, for redirects
        self.counts_headers = False  # what is asked of a file before it is fetched is a request like others
        self.wears_out = ""  # what becomes of files once a quarter was sent: "slow" (10,000 bytes a second and reply) or "dead" (no byte more)
        server = self

        class Handler(Replies):
            owner = server

        self.http = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.http.daemon_threads = True
        self.port = self.http.server_address[1]
        threading.Thread(target=self.http.serve_forever, args=(0.02,), daemon=True).start()

    def url(self, mode="good", host="127.0.0.1"):
        return f"http://{host}:{self.port}/{mode}/model.gguf"

    @property
    def base(self):
        return f"http://127.0.0.1:{self.port}"

    def asked(self, part):
        return [(path, headers) for path, headers in self.requests if part in path]

    def close(self):
        self.closing.set()
        self.http.shutdown()
        self.http.server_close()


class Replies(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    owner = None

    def log_message(self, *_):
        pass

    def is_header(self):
        """Looked at before the model is fetched: the first 2 MiB of a file, or a shorter one's whole. Always right here, and no try to get it."""
        length = len(self.owner.content)
        return self.path.endswith("/model.gguf") and self.headers.get("Range") == f"bytes=0-{min(2 << 20, length) - 1}"

    def do_GET(self):
        owner = self.owner
        if self.is_header() and not owner.counts_headers:
            last = min(2 << 20, len(owner.content)) - 1
            self.head(206, Content_Length=last + 1, Content_Range=f"bytes 0-{last}/{len(owner.content)}", Connection="close")
            self.wfile.write(owner.content[:last + 1])
            self.close_connection = True
            return
        owner.requests.append((self.path, dict(self.headers)))
        path = urllib.parse.urlsplit(self.path).path
        mode = path.split("/")[1]
        # Asking how long the file is comes first, and is no try to get it.
        if self.headers.get("Range") != "bytes=0-0" or mode in ("busy", "flaky"):
            with owner.lock:
                owner.counts[mode] = owner.counts.get(mode, 0) + 1
        with owner.lock:
            owner.at_once += 1
            owner.most_at_once = max(owner.most_at_once, owner.at_once)
        try:
            getattr(self, "reply_" + mode.replace("-", "_"), self.reply_missing)(owner.counts.get(mode, 1))
        except (BrokenPipeError, ConnectionResetError):
            pass
        finally:
            with owner.lock:
                owner.at_once -= 1
        self.close_connection = True

    # -- pieces -------------------------------------------------------------------------------------------------------------------

    def head(self, status, **headers):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), str(value))
        self.end_headers()

    def text(self, status, text, **headers):
        body = text.encode()
        self.head(status, Content_Length=len(body), **headers)
        self.wfile.write(body)

    def json(self, value, **headers):
        self.text(200, json.dumps(value), Content_Type="application/json", **headers)

    def asked_from(self):
        """The first byte asked for; None where the whole is, or only how long it is."""
        match = re.fullmatch(r"bytes=(?!0-0$)(\d+)-\d*", self.headers.get("Range", ""))
        return int(match.group(1)) if match else None

    def asked_last(self, length):
        """The last byte asked for."""
        match = re.fullmatch(r"bytes=\d+-(\d+)", self.headers.get("Range", ""))
        return min(length - 1, int(match.group(1))) if match else length - 1

    def pour(self, content, end=None):
        """Throttled to the server's rate; cut off after `end` bytes."""
        owner, content = self.owner, memoryview(content)[:end]
        for at in range(0, len(content), owner.pause_every):
            piece = content[at:at + owner.pause_every]
            if owner.wears_out and owner.sent > len(owner.content) // 4:
                return self.trickle(content[at:])
            self.wfile.write(piece)
            self.wfile.flush()
            with owner.lock:
                owner.sent += len(piece)
            if owner.rate:
                time.sleep(len(piece) / owner.rate)

    def trickle(self, content):
        for at in range(0, len(content) if self.owner.wears_out == "slow" else 0, 1000):
            self.wfile.write(content[at:at + 1000])
            with self.owner.lock:
                self.owner.sent += 1000
            if self.owner.closing.wait(0.1):
                return

    def file(self, content=None, etag='"v1"', end=None, **headers):
        """RFC 9110 14: a range where one is asked for and If-Range agrees, else the whole."""
        content = self.owner.content if content is None else content
        start = self.asked_from()
        if self.headers.get("Range") == "bytes=0-0":
            self.head(206, Content_Type=GGUF_TYPE, Content_Length=1, ETag=etag, Content_Range=f"bytes 0-0/{len(content)}", **headers)
            return self.pour(content[:1])
        if start is not None and self.headers.get("If-Range", etag) == etag:
            if start >= len(content):
                return self.head(416, Content_Range=f"bytes */{len(content)}", Content_Length=0)
            last = self.asked_last(len(content))
            self.head(206, Content_Type=GGUF_TYPE, Content_Length=last + 1 - start, ETag=etag,
                      Content_Range=f"bytes {start}-{last}/{len(content)}", **headers)
            return self.pour(memoryview(content)[start:last + 1], end)
        self.head(200, Content_Type=GGUF_TYPE, Content_Length=len(content), ETag=etag, Accept_Ranges="bytes", **headers)
        return self.pour(content, end)

    # -- ways to go wrong ---------------------------------------------------------------------------------------------------------

    def reply_missing(self, _):
        self.text(404, "no such file")

    def reply_good(self, _):
        self.file()

    def reply_cut(self, _):
        """Closes after 300,000 bytes, each time."""
        self.file(end=300_000)

    def reply_cut_no_ranges(self, n):
        """Cut once; then 200 where 206 was asked for."""
        content = self.owner.content
        self.head(200, Content_Type=GGUF_TYPE, Content_Length=len(content))
        self.pour(content, 300_000 if n == 1 else None)

    def reply_cut_weak(self, n):
        """Cut once, with a weak ETag; then another file under the same one, and parts of it for who asks for them."""
        content = self.owner.content
        self.file(content=content if n > 1 else content[:1000] + b"\0" * (len(content) - 1000), etag='W/"v1"', end=300_000 if n == 1 else None)

    # Of files large enough for several connections:

    def reply_no_ranges(self, _):
        """200 to everything."""
        del self.headers["Range"]
        self.file()

    def reply_one_at_a_time(self, _):
        """503 to who has a connection already."""
        with self.owner.lock:
            busy, self.owner.busy = self.owner.busy, True
        if busy:
            return self.text(503, "one at a time")
        try:
            self.file()
        finally:
            self.owner.busy = False

    def reply_one_cut(self, n):
        """Every third reply ends after 100,000 bytes."""
        self.file(end=100_000 if n % 3 == 2 else None)

    def reply_told_to_wait(self, n):
        if n == 3:
            return self.text(429, "later", Retry_After=1)
        self.file()

    def reply_gone(self, n):
        """Nothing more from the fourth on."""
        if n < 4:
            self.file()

    def reply_changes(self, n):
        """Another file for the first four; a server that ignores If-Range: the ETag tells."""
        del self.headers["If-Range"]
        if n > 4:
            return self.file()
        content = self.owner.content
        self.file(content=content[:1000] + bytes(len(content) - 1000), etag='"v0"')

    def reply_shifted(self, n):
        """Parts one byte off, and labelled so, from the third on; the whole is right."""
        start, content = self.asked_from(), self.owner.content
        if start is None or n < 3:
            return self.file()
        last = self.asked_last(len(content))
        self.head(206, Content_Type=GGUF_TYPE, Content_Length=last - start, ETag='"v1"', Content_Range=f"bytes {start + 1}-{last}/{len(content)}")
        return self.pour(content[start + 1:last + 1])

    def reply_drip(self, _):
        """100,000 bytes at once, then one every 50 ms: it never ends, and never is fast enough."""
        content, start = self.owner.content, self.asked_from() or 0
        self.head(206 if start else 200, Content_Type=GGUF_TYPE, Content_Length=len(content) - start, ETag='"v1"',
                  **({"Content_Range": f"bytes {start}-{len(content) - 1}/{len(content)}"} if start else {}))
        if not start:
            self.pour(content, 100_000)
            start = 100_000
        for at in range(start, len(content)):
            self.pour(content[at:at + 1])
            if self.owner.closing.wait(0.05):
                return

    def reply_portal(self, n):
        """Cut once; then a page of text, as a network that wants a log-in sends; then the file."""
        if n == 2 and self.headers.get("Range") != "bytes=0-0":
            return self.text(200, "Please log in first. " * 50, Content_Type="text/plain")
        self.file(end=300_000 if n == 1 else None)

    def reply_chunked(self, _):
        """Without a length: chunks of RFC 9112 7.1."""
        self.head(200, Content_Type=GGUF_TYPE, Transfer_Encoding="chunked")
        for at in range(0, len(self.owner.content), 1 << 16):
            piece = self.owner.content[at:at + (1 << 16)]
            self.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))
        self.wfile.write(b"0\r\n\r\n")

    def reply_wrong_range(self, n):
        """Cut once; then a Content-Range one byte off, with those bytes; without a range the file."""
        start = self.asked_from()
        if start is None:
            return self.file(end=300_000 if n == 1 else None)
        content = self.owner.content
        self.head(206, Content_Type=GGUF_TYPE, Content_Length=len(content) - start - 1, ETag='"v1"',
                  Content_Range=f"bytes {start + 1}-{len(content) - 1}/{len(content)}")
        return self.pour(content[start + 1:])

    def reply_wrong_total(self, n):
        start, content = self.asked_from(), self.owner.content
        if start is None:
            return self.file(end=300_000 if n == 1 else None)
        self.head(206, Content_Type=GGUF_TYPE, Content_Length=len(content) - start, ETag='"v1"',
                  Content_Range=f"bytes {start}-{len(content) - 1}/{len(content) + 7}")
        return self.pour(content[start:])

    def reply_changed(self, n):
        """Another file of the same size after the cut: what came first must not be spliced with it."""
        if n == 1:
            return self.file(content=self.owner.content[:1000] + b"\0" * (len(self.owner.content) - 1000), etag='"v0"', end=300_000)
        return self.file()

    def reply_changed_206(self, n):
        """The same, by a server that ignores If-Range: only the ETag of its 206 tells."""
        if n == 1:
            return self.file(content=self.owner.content[:1000] + b"\0" * (len(self.owner.content) - 1000), etag='"v0"', end=300_000)
        del self.headers["If-Range"]
        return self.file()

    def reply_unsatisfiable(self, n):
        """Cut once; then 416 to any range."""
        if self.asked_from() is not None:
            return self.head(416, Content_Range="bytes */1", Content_Length=0)
        return self.file(end=300_000 if n == 1 else None)

    def reply_loop(self, _):
        self.head(302, Location=self.path, Content_Length=0)

    def reply_redirect(self, _):
        self.head(302, Location="/good/model.gguf?signature=secret", Content_Length=0)

    def reply_to_file_scheme(self, _):
        self.head(302, Location="file:///etc/passwd", Content_Length=0)

    def reply_elsewhere(self, _):
        """To a host that is not this machine, without encryption (a documentation address: RFC 5737)."""
        self.head(302, Location="http://192.0.2.1/model.gguf", Content_Length=0)

    def reply_html(self, _):
        self.text(200, "<html><body>Log in</body></html>", Content_Type="text/html; charset=utf-8")

    def reply_html_as_binary(self, _):
        self.text(200, "\n<!DOCTYPE html><html><body>Log in</body></html>" + " " * 100, Content_Type=GGUF_TYPE)

    def reply_pointer(self, _):
        self.text(200, "version https://git-lfs.github.com/spec/v1\noid sha256:" + "0" * 64 + "\nsize 1\n", Content_Type="text/plain")

    def reply_noise(self, _):
        self.text(200, "\x7fELF" + "x" * 5000, Content_Type=GGUF_TYPE)

    def reply_empty(self, _):
        self.head(200, Content_Type=GGUF_TYPE, Content_Length=0)

    def reply_gzip(self, _):
        self.text(200, "GGUF" + "x" * 5000, Content_Type=GGUF_TYPE, Content_Encoding="gzip")

    def reply_no_length(self, _):
        """Ends with the connection, and too soon."""
        self.head(200, Content_Type=GGUF_TYPE)
        self.pour(self.owner.content, 300_000)

    def reply_busy(self, n):
        if n <= 2:
            return self.text(429 if n == 1 else 503, "later", Retry_After=1)
        return self.file()

    def reply_busy_for_long(self, _):
        self.text(503, "later", Retry_After=86400)

    def reply_flaky(self, n):
        """500, then the file."""
        return self.text(500, "oops") if n == 1 else self.file()

    def reply_flipped(self, _):
        content = bytearray(self.owner.content)
        content[len(content) // 2] ^= 1
        self.file(content=bytes(content))

    def reply_flipped_then_cut(self, n):
        """One byte wrong in what came before the cut, right ever after."""
        if n == 1:
            content = bytearray(self.owner.content)
            content[1000] ^= 1
            return self.file(content=bytes(content), end=300_000)
        return self.file()

    # -- Hugging Face: https://huggingface.co/docs/hub/api, https://huggingface.co/docs/hub/models-gated ------------------------------

    def reply_api(self, _):
        match = re.fullmatch(r"/api/models/(owner/[\w.-]+)/(revision/main|tree/" + COMMIT + r")", urllib.parse.urlsplit(self.path).path)
        if not match:
            return self.text(401, "{}", X_Error_Code="RepoNotFound")
        repository, what = match.groups()
        if repository == "owner/gated" and self.headers.get("Authorization") != f"Bearer {self.owner.token}":
            return self.text(401, "{}", X_Error_Code="GatedRepo")
        if what.startswith("revision"):
            return self.json({"id": repository, "sha": COMMIT, "gated": "manual" if repository == "owner/gated" else False,
                              "cardData": {"license": "apache-2.0"}})
        return self.json(self.tree(repository))

    def tree(self, repository):
        owner = self.owner
        entry = lambda path, sha256=owner.sha256: {"type": "file", "path": path, "size": len(owner.content), "oid": "0" * 40,
                                                   "lfs": {"oid": sha256, "size": len(owner.content), "pointerSize": 134}}
        names = {"owner/split": ["m-q4_0-00001-of-00002.gguf", "m-q4_0-00002-of-00002.gguf"],
                 "owner/none": []}.get(repository, ["m-q4_0.gguf", "m-q4_k_m.gguf", "m-q8_0.gguf"])
        if repository == "owner/split" and owner.parts:
            digests = [hashlib.sha256(part).hexdigest() for part in owner.parts]
            return [{**entry(name, digest), "size": len(part), "lfs": {"oid": digest, "size": len(part)}} for name, part, digest in zip(names, owner.parts, digests)]
        if repository == "owner/wrong":
            return [entry("m-q4_0.gguf", "ab" * 32)]
        return [{"type": "file", "path": "README.md", "size": 10, "oid": "1" * 40}, {"type": "directory", "path": "x", "size": 0},
                *map(entry, names)]

    def reply_owner(self, _):
        """/{repo}/resolve/{commit}/{path}: on to a storage host."""
        if f"/resolve/{COMMIT}/m-" not in self.path:
            return self.reply_missing(0)
        if self.owner.parts and "/owner/split/" in self.path:
            number = int(re.search(r"-(\d+)-of-", self.path).group(1))
            return self.head(302, Location=f"{self.owner.base}/part/{number - 1}", Content_Length=0)
        target = (self.owner.other or self.owner).url("good", host="localhost")
        self.head(302, Location=target, X_Repo_Commit=COMMIT, X_Linked_Etag=f'"{self.owner.sha256}"',
                  X_Linked_Size=len(self.owner.content), Content_Length=0)

    def reply_part(self, _):
        part = self.owner.parts[int(self.path.rsplit("/", 1)[1])]
        self.head(200, Content_Length=len(part), ETag='"part"', Content_Type=GGUF_TYPE)
        self.pour(part)

    # -- a registry: https://distribution.github.io/distribution/spec/api/ and .../spec/auth/token/ -----------------------------------

    def reply_v2(self, _):
        owner, path = self.owner, urllib.parse.urlsplit(self.path).path
        digest, size = "sha256:" + owner.sha256, len(owner.content)
        layer = {"mediaType": "application/vnd.ollama.image.model", "digest": digest, "size": size}
        license_layer = {"mediaType": "application/vnd.ollama.image.license", "digest": "sha256:" + "c" * 64, "size": 3}
        layers = {"m:good": [layer, license_layer], "private:good": [layer], "foreign:good": [layer],
                  "traversal:good": [{**layer, "digest": "sha256:../../../../etc/passwd"}],
                  "sneaky:good": [layer, {**license_layer, "digest": "sha256:" + "/" * 64}],
                  "many:good": [layer] + [license_layer] * 300, "wrong:good": [{**layer, "digest": "sha256:" + "ab" * 32}]}
        match = re.fullmatch(r"/v2/library/(\w+)/(manifests|blobs)/(.+)", path)
        name = match.group(1) if match else ""
        if name in ("private", "foreign") and self.headers.get("Authorization") != "Bearer t0ken":
            realm = "http://elsewhere.example/token" if name == "foreign" else f"{owner.base}/token"
            return self.text(401, "{}", WWW_Authenticate=f'Bearer realm="{realm}",service="r",scope="repository:library/{name}:pull"')
        if match and match.group(2) == "manifests" and f"{name}:{match.group(3)}" in layers:
            return self.json({"schemaVersion": 2, "layers": layers[f"{name}:{match.group(3)}"]})
        if match and match.group(2) == "manifests" and name == "huge":
            return self.text(200, '{"layers": []' + " " * (2 << 20) + "}")
        if match and match.group(2) == "blobs":
            return self.head(307, Location=owner.url("good", host="localhost"), Content_Length=0)
        return self.text(404, "{}")

    def reply_token(self, _):
        self.json({"token": "t0ken"})

    # -- ModelScope: the addresses of its own client, modelscope/hub/api.py; served under /ms ------------------------------------------

    def reply_ms(self, _):
        owner, url = self.owner, urllib.parse.urlsplit(self.path)
        query = urllib.parse.parse_qs(url.query)
        if url.path == "/ms/api/v1/models/owner/repo/repo/files" and query.get("Revision") == ["master"]:
            return self.json({"Code": 200, "Data": {"Files": [{"Type": "blob", "Path": "m-q4_0.gguf", "Size": len(owner.content), "Sha256": owner.sha256}]}})
        if url.path == "/ms/api/v1/models/owner/repo/repo" and query.get("FilePath") == ["m-q4_0.gguf"]:
            return self.file()
        return self.text(404, "{}")
