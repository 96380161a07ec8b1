#!/usr/bin/env python3
"""slm pull beside curl, from an nginx on this machine: against_curl.py [--slm build/slm] [--megabytes 800] [--limit 100m] [--repetitions 5]

Both fetch the same file in turn; medians with their spread, in MB/s of the whole command (slm's hashes and syncs the file, curl's does neither). A
limit is nginx's for one connection: slm opens four, so that with it the ratio says what several connections gain, and `--limit 0` what
its hashing and syncing cost. Needs nginx (Debian's nginx-light) and curl. By hand, on a machine with nothing else running; never a test.
"""
import argparse
import os
import pathlib
import random
import socket
import statistics
import subprocess
import sys
import tempfile
import time

CONFIGURATION = """daemon off; worker_processes 1; pid {directory}/nginx.pid; error_log {directory}/error.log;
events {{}}
http {{
  access_log off; sendfile on;
  client_body_temp_path {directory}/t1; proxy_temp_path {directory}/t2; fastcgi_temp_path {directory}/t3; uwsgi_temp_path {directory}/t4; scgi_temp_path {directory}/t5;
  server {{ listen 127.0.0.1:{port}; location / {{ root {directory}/files; limit_rate {limit}; }} }}
}}
"""


def free_port():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


def write_file(path, megabytes):
    """What begins as a GGUF does, for slm looks; random bytes behind it."""
    block = random.Random(1).randbytes(1 << 20)
    with open(path, "wb") as out:
        out.write(b"GGUF")
        for i in range(megabytes):
            out.write(i.to_bytes(4, "little") + block[4:])


def timed(command, environment=None):
    start = time.perf_counter()
    done = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, env=environment)
    seconds = time.perf_counter() - start
    if done.returncode != 0:
        sys.exit(f"{' '.join(command)} exited {done.returncode}: {done.stderr[-2000:]}")
    return seconds


def measure(args, directory, url, digest):
    """Seconds of each repetition: {"slm": [...], "curl": [...]}."""
    found = {"slm": [], "curl": []}
    for i in range(args.repetitions):
        home = directory / f"home{i}"
        found["slm"].append(timed([args.slm, "pull", url, "--sha256", digest, "--name", "m"], {**os.environ, "SLM_HOME": str(home), "SLM_READ_BANDWIDTH": "10"}))
        subprocess.run(["rm", "-rf", str(home)], check=True)
        found["curl"].append(timed(["curl", "-sf", "-o", str(directory / "copy"), url]))
        print(f"{i + 1}/{args.repetitions}: slm {found['slm'][-1]:.2f} s, curl {found['curl'][-1]:.2f} s", file=sys.stderr)
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--slm", default="build/slm")
    parser.add_argument("--megabytes", type=int, default=800)
    parser.add_argument("--limit", default="100m", help="of one connection, as nginx writes it; 0: none")
    parser.add_argument("--repetitions", type=int, default=5)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        directory, port = pathlib.Path(name), free_port()
        directory.chmod(0o755)  # started by root, nginx reads as another user
        (directory / "files").mkdir()
        write_file(directory / "files/m.gguf", args.megabytes)
        digest = subprocess.run(["sha256sum", str(directory / "files/m.gguf")], capture_output=True, text=True, check=True).stdout.split()[0]
        (directory / "nginx.conf").write_text(CONFIGURATION.format(directory=directory, port=port, limit=args.limit))
        nginx = subprocess.Popen(["nginx", "-c", str(directory / "nginx.conf"), "-p", str(directory)], stderr=subprocess.DEVNULL)
        try:
            url = f"http://127.0.0.1:{port}/m.gguf"
            timed(["curl", "-sf", "--retry", "20", "--retry-connrefused", "--retry-delay", "1", "-o", "/dev/null", "-r", "0-0", url])
            found = measure(args, directory, url, digest)
        finally:
            nginx.terminate()
            nginx.wait()
    rates = {who: sorted(args.megabytes * 1.048576 / seconds for seconds in all_) for who, all_ in found.items()}
    print(f"{args.megabytes} MiB, {args.limit} a connection, medians of {args.repetitions} [least, most], MB/s:")
    for who, all_ in rates.items():
        print(f"  {who:5} {statistics.median(all_):.1f} [{all_[0]:.1f}, {all_[-1]:.1f}]")
    print(f"  slm / curl {statistics.median(rates['slm']) / statistics.median(rates['curl']):.2f}")


main()
