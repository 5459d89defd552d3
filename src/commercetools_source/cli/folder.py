"""Folders of generated files: made as a whole, brought up to date file by file, with what others put there kept."""

from __future__ import annotations

import os
import secrets
import shutil
from typing import TYPE_CHECKING

from commercetools_source.cli.values import refuse_foreign
from commercetools_source.destinations.store.atomic import TEMPORARY, replace_file
from commercetools_source.errors import ConfigError, in_a_sentence, reason_in

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

__all__ = ["write_files"]


def write_files(folder: Path, files: Mapping[str, str], option: str, sign: str) -> None:
    """Write `files`, texts by their path in `folder`, which is new, empty, or has `sign` in its first file.

    In a folder that has it, files of ours are replaced one by one, and those of earlier versions removed; others stay.
    Raises ConfigError, with nothing changed, for a folder or a file that `option` did not write, and DestinationError.
    """
    first = next(iter(files))

    def sentence(error: OSError) -> str:
        if isinstance(error, FileNotFoundError):
            return f"{option} is {folder}, in a folder that does not exist; create it first"
        return f"cannot write {folder}: {reason_in(error)}"

    with in_a_sentence(sentence):
        if not os.path.lexists(folder) or (folder.is_dir() and not any(folder.iterdir())):
            _make(folder, files)
            return
        if not folder.is_dir() or not _is_ours(folder / first, sign):
            raise ConfigError(
                f"{option} is {folder}, which commercetools-source did not write; name a new folder, or an empty one"
            )
        for name in files:
            refuse_foreign(folder / name, option, sign.encode())
        _update(folder, files, sign)


def _make(folder: Path, files: Mapping[str, str]) -> None:
    """Write a new folder beside its name, and rename it when it is whole."""
    temporary = folder.with_name(f".{folder.name}.{secrets.token_hex(8)}{TEMPORARY}")
    temporary.mkdir()
    try:
        for name, text in files.items():
            _write(temporary / name, text)
        if folder.is_dir():
            folder.rmdir()  # empty; Windows renames onto no folder
        temporary.rename(folder)
    except BaseException:
        shutil.rmtree(temporary, ignore_errors=True)
        raise


def _update(folder: Path, files: Mapping[str, str], sign: str) -> None:
    # Only where files of ours lie: what other programs make of them may have the sign, too.
    inside = {name.partition("/")[0] for name in files if "/" in name}
    stale = [
        path
        for name in inside
        for path in (folder / name).rglob("*")
        if path.relative_to(folder).as_posix() not in files and _is_ours(path, sign)
    ]
    for name, text in files.items():
        _write(folder / name, text)
    for path in stale:
        path.unlink()


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    replace_file(path, lambda out: out.write(text.encode()))


def _is_ours(path: Path, sign: str) -> bool:
    """Whether the first line of a file has the sign."""
    if path.is_symlink() or not path.is_file():
        return False
    with path.open("rb") as file:
        return sign.encode() in file.readline(1000)
