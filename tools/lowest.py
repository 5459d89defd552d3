"""Print pip constraints that hold every dependency of pyproject.toml to the lowest version that it allows.

python tools/lowest.py > constraints.txt; then `pip install -c constraints.txt .[all]` installs what is promised and
nobody else installs.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).parent.parent
_BOUND = re.compile(r"([A-Za-z0-9_.-]+)(?:\[[^\]]*\])?\s*>=\s*([0-9][^,;\s]*)")


def lowest(project: dict[str, Any]) -> list[str]:
    """Return `name==version` of the lower bounds among the requirements of a [project] table, each name once.

    Of a package that several extras want, it is the lowest of their bounds: each extra can be installed alone.
    """
    extras: dict[str, list[str]] = project["optional-dependencies"]
    requirements = [*project["dependencies"], *(text for texts in extras.values() for text in texts)]
    bounds: dict[str, list[str]] = {}
    for text in requirements:
        if match := _BOUND.match(text):
            bounds.setdefault(match[1], []).append(match[2])
    return [f"{name}=={min(versions, key=_numbers)}" for name, versions in sorted(bounds.items())]


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(map(int, version.split(".")))


if __name__ == "__main__":
    sys.stdout.write("\n".join(lowest(tomllib.loads((ROOT / "pyproject.toml").read_text())["project"])) + "\n")
