"""What would end a measurement after minutes, looked for before it begins."""
import os
import shutil


def missing(files, programs, out):
    """The first that is not there, or cannot be written (out: a path or None), as a text that says which; "" where all is well."""
    for path in files:
        if not os.path.isfile(path):
            return f"no such file: {path}"
    for program in programs:
        if not shutil.which(program):
            return f"no such program: {program}"
    try:
        open(out or os.devnull, "a", encoding="utf-8").close()
    except OSError as error:
        return f"--out {out}: {error.strerror}"
    return ""
