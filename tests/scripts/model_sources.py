"""Servers on this machine that answer as model sources are documented to, for sources_test.py. The page is named beside each.

Storage is where files lie: signed addresses, parts of files. Registry, Hub and ModelScopeSite lead there, each on a port of its own.
"""
import hashlib
import http.server
import json
import re
import subprocess
import socket
import threading
import time
import urllib.parse
import urllib.request

COMMIT = "89abcdef0123456789abcdef0123456789abcdef"


class Server:
    """`requests` are (method, path, headers) in order; reply(path, query, headers) gives (status, headers, body)."""

    def __init__(self):
        self.requests = []
        self.lock = threading.Lock()
        server = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def answer(self):
                with server.lock:
                    server.requests.append((self.command, self.path, dict(self.headers)))
                url = urllib.parse.urlsplit(self.path)
                status, headers, body = server.reply(url.path, urllib.parse.parse_qs(url.query), self.headers)
                self.send_response(status)
                for name, value in {"Content-Length": len(body), **headers}.items():
                    self.send_header(name, str(value))
                self.end_headers()
                if self.command != "HEAD":
                    try:
                        self.wfile.write(body)
                    except (BrokenPipeError, ConnectionResetError):
                        self.close_connection = True

            do_GET = do_HEAD = answer

        self.http = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.http.daemon_threads = True
        self.port = self.http.server_address[1]
        self.base = f"http://127.0.0.1:{self.port}"
        threading.Thread(target=self.http.serve_forever, args=(0.02,), daemon=True).start()

    def close(self):
        self.http.shutdown()
        self.http.server_close()

    def asked(self, part):
        with self.lock:
            return [(path, headers) for _, path, headers in self.requests if part in path]


def reply_json(value, status=200, **headers):
    return status, {"Content-Type": "application/json", **{name.replace("_", "-"): text for name, text in headers.items()}}, json.dumps(value).encode()


class Storage(Server):
    """Signed addresses, as of S3: https://docs.aws.amazon.com/AmazonS3/latest/API/RESTAuthentication.html and .../API/API_GetObject.html.
    A signature and an Authorization header at once are refused (400); parts by RFC 9110 14."""

    def __init__(self, *contents):
        self.contents = {hashlib.sha256(content).hexdigest(): content for content in contents}
        super().__init__()

    def address(self, sha256):
        return f"http://localhost:{self.port}/bucket/{sha256}?X-Amz-Signature=secret"

    def reply(self, path, query, headers):
        content = self.contents.get(path.rpartition("/")[2])
        if "Authorization" in headers:
            return 400, {"Content-Type": "application/xml"}, b"<Error><Code>InvalidArgument</Code><Message>Only one auth mechanism allowed</Message></Error>"
        if query.get("X-Amz-Signature") != ["secret"] or content is None:
            return 403, {"Content-Type": "application/xml"}, b"<Error><Code>AccessDenied</Code></Error>"
        common = {"Content-Type": "binary/octet-stream", "ETag": f'"{hashlib.md5(content).hexdigest()}"', "Accept-Ranges": "bytes"}
        match = re.fullmatch(r"bytes=(\d+)-(\d*)", headers.get("Range", ""))
        if not match or headers.get("If-Range", common["ETag"]) != common["ETag"]:
            return 200, common, content
        first, last = int(match.group(1)), min(len(content), int(match.group(2) or len(content)) + 1) - 1
        if first >= len(content):
            return 416, {"Content-Range": f"bytes */{len(content)}"}, b""
        return 206, {**common, "Content-Range": f"bytes {first}-{last}/{len(content)}"}, content[first:last + 1]


class Registry(Server):
    """https://distribution.github.io/distribution/spec/api/, https://github.com/opencontainers/distribution-spec/blob/main/spec.md (pull) and
    https://distribution.github.io/distribution/spec/auth/token/. A token is good for `uses` requests: they do not last as long as downloads."""

    OLLAMA = {"manifest": "application/vnd.docker.distribution.manifest.v2+json", "config": "application/vnd.docker.container.image.v1+json",
              "model": "application/vnd.ollama.image.model", "license": "application/vnd.ollama.image.license",
              "projector": "application/vnd.ollama.image.projector", "adapter": "application/vnd.ollama.image.adapter"}
    DOCKER_AI = {"manifest": "application/vnd.oci.image.manifest.v1+json", "config": "application/vnd.docker.ai.model.config.v0.1+json",
                 "model": "application/vnd.docker.ai.gguf.v3", "license": "application/vnd.docker.ai.license"}

    def __init__(self, storage, *contents, types=OLLAMA, private=False, uses=1000, beside=()):
        """Several contents: a model in parts. `beside`: names of `types` of further layers."""
        self.storage, self.types, self.private, self.uses = storage, types, private, uses
        self.sha256 = hashlib.sha256(contents[0]).hexdigest()
        self.others = [hashlib.sha256(content).hexdigest() for content in contents[1:]]
        layers = [self.descriptor("model", content) for content in contents] + [self.descriptor(what, what.encode()) for what in ("license", *beside)]
        self.manifest = json.dumps({"schemaVersion": 2, "mediaType": types["manifest"], "config": self.descriptor("config", b"{}"), "layers": layers}).encode()
        self.tokens = {}
        self.realm = None  # where it sends who asks for a token; None: to itself
        super().__init__()

    def descriptor(self, what, content):
        return {"mediaType": self.types[what], "digest": "sha256:" + hashlib.sha256(content).hexdigest(), "size": len(content)}

    def is_authorized(self, headers):
        if not self.private:
            return True
        token = headers.get("Authorization", "").removeprefix("Bearer ")
        with self.lock:
            self.tokens[token] = self.tokens.get(token, 0) - 1
            return self.tokens[token] >= 0

    def own_realm(self):
        return self.base + "/token"

    def give_token(self, query):
        if query.get("service") != ["registry.example"] or query.get("scope") != ["repository:library/m:pull"]:
            return reply_json({"details": "incorrect scope"}, 403)
        with self.lock:
            token = f"token-{len(self.tokens)}"
            self.tokens[token] = self.uses
        return reply_json({"token": token, "access_token": token, "expires_in": 60, "issued_at": "2026-01-01T00:00:00Z"})

    def reply(self, path, query, headers):
        if path == "/token" and not self.realm:
            return self.give_token(query)
        if not self.is_authorized(headers):
            return reply_json({"errors": [{"code": "UNAUTHORIZED", "message": "authentication required"}]}, 401,
                              WWW_Authenticate=f'Bearer realm="{self.realm or self.own_realm()}",service="registry.example",scope="repository:library/m:pull"')
        version = {"Docker-Distribution-Api-Version": "registry/2.0"}
        digest = "sha256:" + hashlib.sha256(self.manifest).hexdigest()
        if path in ("/v2/library/m/manifests/good", "/v2/library/m/manifests/" + digest) and self.types["manifest"] in headers.get("Accept", ""):
            return 200, {**version, "Content-Type": self.types["manifest"], "Docker-Content-Digest": digest}, self.manifest
        sha256 = path.removeprefix("/v2/library/m/blobs/sha256:")
        if sha256 in (self.sha256, *self.others):
            return 307, {**version, "Location": self.storage.address(sha256), "Docker-Content-Digest": "sha256:" + sha256}, b""
        code = "MANIFEST_UNKNOWN" if "/manifests/" in path else "BLOB_UNKNOWN" if "/blobs/" in path else "NAME_UNKNOWN"
        return reply_json({"errors": [{"code": code, "message": "unknown", "detail": {}}]}, 404)


class TokenServer(Server):
    """A host of its own that gives a registry's tokens, as auth.docker.io does: https://distribution.github.io/distribution/spec/auth/token/."""

    def __init__(self, registry):
        self.registry = registry
        super().__init__()
        registry.realm = f"http://localhost:{self.port}/auth/token"

    def reply(self, path, query, headers):
        return self.registry.give_token(query) if path == "/auth/token" else (404, {}, b"")


class Hub(Server):
    """https://huggingface.co/docs/hub/api; pages of a list: RFC 8288 links; gated: https://huggingface.co/docs/hub/models-gated; limits:
    https://huggingface.co/docs/hub/rate-limits; X-Linked-Etag and -Size, X-Repo-Commit:
    https://huggingface.co/docs/huggingface_hub/package_reference/file_download."""

    def __init__(self, storage, content):
        self.storage, self.content = storage, content
        self.sha256 = hashlib.sha256(content).hexdigest()
        self.limited = 0     # so many requests of the API are over the limit
        self.agreed = None   # the token of somebody who agreed to the terms of owner/gated
        super().__init__()

    def refusal(self, repository, headers):
        if repository == "owner/gated" and headers.get("Authorization") != f"Bearer {self.agreed}":
            known = "Authorization" in headers
            return reply_json({"error": "Access to model owner/gated is restricted."}, 403 if known else 401, X_Error_Code="GatedRepo",
                              X_Error_Message="Access to model owner/gated is restricted.")
        if repository not in ("owner/repo", "owner/gated", "new-owner/repo"):
            return reply_json({"error": "Repository not found"}, 401, X_Error_Code="RepoNotFound")
        return None

    def reply(self, path, query, headers):
        with self.lock:
            self.limited -= 1
            if self.limited >= 0 and path.startswith("/api/"):
                return reply_json({"error": "rate limit"}, 429, RateLimit='"api";r=0;t=1', RateLimit_Policy='"fixed window";"api";q=500;w=300')
        if "/old-owner/" in path:  # a repository that was renamed
            return 307, {"Location": path.replace("old-owner", "new-owner") + "?recursive=true" * ("/tree/" in path)}, b""
        match = re.fullmatch(r"/api/models/([\w-]+/\w+)/(revision/main|tree/" + COMMIT + ")", path)
        if match:
            refused = self.refusal(match.group(1), headers)
            return refused or (self.info(match.group(1)) if match.group(2).startswith("revision") else self.tree(match.group(1), query))
        match = re.fullmatch(r"/([\w-]+/\w+)/resolve/" + COMMIT + r"/(.+)", path)
        if not match:
            return reply_json({"error": "Repository not found"}, 401, X_Error_Code="RepoNotFound")
        if refused := self.refusal(match.group(1), headers):
            return refused
        if match.group(2) != "m-Q4_K_M.gguf":
            return 404, {"X-Error-Code": "EntryNotFound", "Content-Type": "text/plain"}, b"Entry not found"
        return 302, {"Location": self.storage.address(self.sha256), "X-Repo-Commit": COMMIT, "X-Linked-Etag": f'"{self.sha256}"',
                     "X-Linked-Size": len(self.content), "ETag": f'"{self.sha256}"', "Accept-Ranges": "bytes", "Vary": "Origin, Accept"}, b""

    def info(self, repository):
        return reply_json({"_id": "0", "id": repository, "modelId": repository, "sha": COMMIT, "private": False, "disabled": False,
                           "gated": "auto" if repository == "owner/gated" else False, "tags": ["gguf"], "siblings": [],
                           "cardData": {"license": "other", "license_name": "tiny-terms", "license_link": "LICENSE"}})

    def tree(self, repository, query):
        """A thousand a page; here one."""
        lfs = {"oid": self.sha256, "size": len(self.content), "pointerSize": 135}
        files = [{"type": "directory", "oid": "1" * 40, "size": 0, "path": "images"}, {"type": "file", "oid": "2" * 40, "size": 1519, "path": ".gitattributes"},
                 {"type": "file", "oid": "3" * 40, "size": len(self.content), "path": "m-Q4_K_M.gguf", "lfs": lfs, "xetHash": "4" * 64}]
        at = int(query.get("cursor", ["0"])[0])
        link = {"Link": f'<{self.base}/api/models/{repository}/tree/{COMMIT}?recursive=true&cursor={at + 1}>; rel="next"'} if at + 1 < len(files) else {}
        return reply_json(files[at:at + 1], **link)


class ModelScopeSite(Server):
    """The addresses of its own client: https://github.com/modelscope/modelscope/blob/master/modelscope/hub/api.py (get_model_files) and
    .../hub/file_download.py (get_file_download_url)."""

    def __init__(self, storage, content):
        self.storage, self.content = storage, content
        self.sha256 = hashlib.sha256(content).hexdigest()
        super().__init__()

    def reply(self, path, query, headers):
        base = "/api/v1/models/owner/repo/repo"
        if path == base + "/files" and query == {"Revision": ["master"], "Recursive": ["true"]}:
            files = [{"Name": "a", "Path": "a", "Type": "tree", "Size": 0, "Sha256": "", "Revision": COMMIT},
                     {"Name": "README.md", "Path": "README.md", "Type": "blob", "Size": 5, "Sha256": "5" * 64, "Revision": COMMIT},
                     {"Name": "m 中.q4_k_m.gguf", "Path": "a/m 中.q4_k_m.gguf", "Type": "blob", "Size": len(self.content), "Sha256": self.sha256, "IsLFS": True}]
            return reply_json({"Code": 200, "Data": {"Files": files, "IsVisual": 0}, "Message": "success", "RequestId": "0", "Success": True})
        if path == base and query == {"Revision": ["master"], "FilePath": ["a/m 中.q4_k_m.gguf"]}:
            return 302, {"Location": self.storage.address(self.sha256), "X-Linked-Size": len(self.content)}, b""
        return reply_json({"Code": 10010205001, "Data": None, "Message": "获取模型信息失败，record not found", "RequestId": "0", "Success": False}, 404)


class Nginx:
    """nginx of Debian, for files and parts of them: https://nginx.org/en/docs/http/ngx_http_core_module.html."""

    def __init__(self, directory, settings=""):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.base = f"http://127.0.0.1:{self.port}"
        configuration = directory / "nginx.conf"
        (directory / "files").mkdir(exist_ok=True)
        temporary = "".join(f"{what}_temp_path {directory}/{what};" for what in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
        configuration.write_text(
            f"pid {directory}/pid; error_log {directory}/error.log; daemon off; worker_processes 1; user root;\nevents {{ worker_connections 64; }}\n"
            f"http {{ access_log {directory}/access.log; {temporary} gzip on; gzip_types *; sendfile on; limit_conn_zone $binary_remote_addr zone=each:1m;\n"
            f"types {{ application/octet-stream gguf; }} server {{ listen 127.0.0.1:{self.port}; root {directory}/files; {settings} }} }}\n")
        self.process = subprocess.Popen(["nginx", "-c", str(configuration), "-p", str(directory)], stderr=subprocess.DEVNULL)
        self.directory = directory
        end = time.time() + 30
        while True:
            try:
                urllib.request.urlopen(self.base + "/", timeout=5)
            except urllib.error.HTTPError:
                return
            except OSError:
                if time.time() > end or self.process.poll() is not None:
                    raise
                time.sleep(0.05)

    def log(self):
        return (self.directory / "access.log").read_text()

    def close(self):
        self.process.terminate()
        self.process.wait()
