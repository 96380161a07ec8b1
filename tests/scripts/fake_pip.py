"""A pip for tests: a python3 that hands out prepared wheels. FakePip(directory).path goes in front of PATH."""
import base64
import hashlib
import zipfile


class FakePip:
    def __init__(self, directory):
        self.path = directory
        script = directory / "python3"  # called as: python3 -m pip download --dest DIR ... PACKAGE==VERSION
        script.write_text('#!/bin/sh\nshift 2\n[ "$1" = --version ] && exit 0\nwhile [ $# -gt 0 ]; do case "$1" in --dest) dest=$2 ;; *==*) wanted=${1%%==*} ;; esac; shift; done\n'
                          f'cp "{directory}/$wanted-1.0-py3-none-any.whl" "$dest/"\n')
        script.chmod(0o755)

    def add(self, package, member, content):
        """A wheel of version 1.0. Returns the bytes of it."""
        wheel_path = self.path / f"{package}-1.0-py3-none-any.whl"
        digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
        with zipfile.ZipFile(wheel_path, "w") as wheel:
            wheel.writestr(f"{package}/__init__.py", "")
            wheel.writestr(member, content)
            wheel.writestr(f"{package}-1.0.dist-info/RECORD", f"{member},sha256={digest},{len(content)}\n{package}-1.0.dist-info/RECORD,,\n")
        return wheel_path.stat().st_size
