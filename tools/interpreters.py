"""Print the path of every CPython from 3.10 on that this machine has, one of each minor version, lowest first.

They are looked for by name on the PATH and among the versions of pyenv, because a pyenv shim answers only for the
version that is chosen in its folder.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

_LOWEST = (3, 10)
_VERSION = "import sys; print(sys.implementation.name, sys.version_info[0], sys.version_info[1])"


def interpreters() -> dict[tuple[int, int], str]:
    """Return the path of an interpreter by minor version."""
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"), "versions")
    named = [shutil.which(f"python3.{minor}") for minor in range(_LOWEST[1], 30)]
    candidates = [*map(str, sorted(pyenv.glob("*/bin/python"))), *filter(None, named)]
    usable: dict[tuple[int, int], str] = {}
    for path in candidates:
        answer = subprocess.run([path, "-c", _VERSION], capture_output=True, text=True, check=False)  # noqa: S603 - an interpreter
        name, *version = answer.stdout.split() or ["", "0", "0"]
        major, minor = map(int, version)
        if name == "cpython" and (major, minor) >= _LOWEST:
            usable.setdefault((major, minor), path)
    return dict(sorted(usable.items()))


if __name__ == "__main__":
    sys.stdout.write("\n".join(interpreters().values()) + "\n")
