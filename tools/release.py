"""Check that what is about to be released fits together: version, changelog, wheel and source distribution.

Prints each fault and ends with 1 when there is one; run by `make release-check`, which builds dist/ first.
"""

from __future__ import annotations

import re
import sys
import tarfile
import zipfile
from pathlib import Path

ROOT = Path(__file__).parent.parent
_NEEDED = (
    "commercetools_source/py.typed",
    "commercetools_source/catalog/contract.json",
    "commercetools_source_mage.pth",
)


def faults(root: Path) -> list[str]:
    """Return what is wrong with the release in `root`, in sentences."""
    match = re.search(r'^version = "([^"]+)"', (root / "pyproject.toml").read_text(encoding="utf-8"), re.MULTILINE)
    version = match[1] if match else ""
    problems = [] if version else ["pyproject.toml has no version"]
    heading = re.search(r"^## (\S+) \(([^)]+)\)", (root / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE)
    if heading is None or heading[1] != version:
        problems.append(f"the newest heading of CHANGELOG.md is not {version}")
    elif not re.fullmatch(r"\d{4}-\d\d-\d\d", heading[2]):
        problems.append(f"CHANGELOG.md gives {version} no date but {heading[2]!r}; write the day of the release there")
    wheel, sdist = root / "dist" / _wheel(version), root / "dist" / f"commercetools_source-{version}.tar.gz"
    problems += [f"{path} was not built" for path in (wheel, sdist) if not path.exists()]
    if wheel.exists():
        names = set(zipfile.ZipFile(wheel).namelist())
        problems += [f"{wheel.name} lacks {name}" for name in _NEEDED if name not in names]
    if sdist.exists():
        with tarfile.open(sdist) as archive:
            names = {name.partition("/")[2] for name in archive.getnames()}
        problems += [f"{sdist.name} lacks {name}" for name in ("LICENSE", "README.md", "Makefile") if name not in names]
    return problems


def _wheel(version: str) -> str:
    return f"commercetools_source-{version}-py3-none-any.whl"


if __name__ == "__main__":
    problems = faults(ROOT)
    sys.stdout.writelines(f"{problem}\n" for problem in problems)
    sys.exit(bool(problems))
