"""Settings files: what a `.env`, `.json` or `.toml` file says, as text typed by nobody yet.

Files come from Windows shells, editors and other programs, so encodings are recognized by their mark, and lines
of a `.env` that are not about commercetools are left alone. No error shows a file's content.
"""

from __future__ import annotations

import codecs
import re
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from commercetools_source.config.given import decode_json, is_pipe, read_given, repeated
from commercetools_source.errors import ConfigError
from commercetools_source.errors.extras import install_hint

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["SettingsFile", "read_settings_file", "read_settings_text"]

# A longer mark first: that of UTF-32 begins with that of UTF-16. PowerShell's `>` writes UTF-16.
_ENCODINGS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
# Without quotes a value ends at ` #`; a `#` within a word belongs to it
# (https://github.com/theskumar/python-dotenv#file-format).
_ASSIGNMENT = re.compile(r"""(?:export\s+)?([\w.-]+)\s*=\s*(?:"([^"]*)"|'([^']*)'|(.*?))(?:\s+#.*)?""", re.ASCII)


@dataclass(frozen=True, slots=True)
class SettingsFile:
    """What a settings file says. `is_environment`: `values` has names of environment variables, as a `.env` does.

    `foreign` has a sentence for each line that is not NAME=value and does not speak of commercetools: worth telling
    only where a setting is missing.
    """

    values: dict[str, Any]
    is_environment: bool = False
    foreign: tuple[str, ...] = ()


def read_settings_file(path: Path) -> SettingsFile:
    """Return the content of a settings file; raises ConfigError when it cannot be read or is not of its form.

    What a pipe says is the lines of a `.env` or a JSON object.
    """
    # `.env.production` is recognized by how it begins: its suffix says something else.
    form = ".env" if path.name.startswith(".env") else path.suffix.lower()
    name = f"the settings file {path}"
    if form in {".env", ".json", ".toml"}:
        return _settings(_text(path), form, name)
    # What a shell makes of `<(...)` is called /dev/fd/63.
    if is_pipe(path):
        return read_settings_text(_text(path), name)
    raise ConfigError(f"{path} cannot be read as settings; its name must end in .env, .json or .toml")


def read_settings_text(text: str, name: str) -> SettingsFile:
    """Return what a pasted text says, the lines of a `.env` or a JSON object; `name` is what errors call it."""
    # A mark that an editor wrote is copied along and would be a part of the first name.
    text = text.removeprefix("\ufeff")
    # A pasted text has no file name that tells its form, and of both only JSON begins with a brace.
    return _settings(text, ".json" if text.lstrip().startswith("{") else ".env", name)


def _settings(text: str, form: str, name: str) -> SettingsFile:
    if form == ".env":
        return _parse_dotenv(text, name)
    content = _decode(text, form, name)
    if not isinstance(content, dict):
        raise ConfigError(f"{name} must hold one object of settings, not {type(content).__name__}")
    return SettingsFile(content)


def _text(path: Path) -> str:
    try:
        content = read_given(path)
    except OSError as error:
        advice = "; `commercetools-source init` writes one" if isinstance(error, FileNotFoundError) else ""
        raise ConfigError(f"the settings file {path} cannot be read: {error.strerror}{advice}") from None
    except ValueError:  # a NUL in the path
        raise ConfigError(f"the settings file {str(path)!r} cannot be read: no file has such a name") from None
    mark, encoding = next(((mark, name) for mark, name in _ENCODINGS if content.startswith(mark)), (b"", "utf-8"))
    try:
        text = content[len(mark) :].decode(encoding)
    except UnicodeDecodeError:
        text = "\0"  # told below: the decoder's exception holds the file's bytes, secret included
    if "\0" in text:  # UTF-16 without a mark is UTF-8 full of NULs
        raise ConfigError(f"the settings file {path} is not UTF-8 text, nor UTF-16 with its mark; save it as UTF-8")
    return text


def _decode(text: str, form: str, name: str) -> Any:
    problem = ""
    try:
        if form == ".json":
            return decode_json(text)
        return _toml(text)
    except ModuleNotFoundError:
        problem = f"needs Python 3.11 or tomli ({install_hint('cli')}); JSON and .env need neither"
    except RecursionError:
        problem = f"is no {form[1:].upper()} of settings: it nests too deeply"
    except ConfigError as error:
        problem = str(error)
    except ValueError as error:
        # Only the message: an exception of a parser may keep the whole text, secret included.
        problem = f"is not valid {form[1:].upper()}: {error}"
    raise ConfigError(f"{name} {problem}")


def _toml(text: str) -> dict[str, Any]:
    # In the standard library since Python 3.11: https://docs.python.org/3/library/tomllib.html
    if sys.version_info >= (3, 11):
        import tomllib
    else:
        import tomli as tomllib  # comes with the extra `cli`
    return tomllib.loads(text)


def _parse_dotenv(text: str, file: str) -> SettingsFile:
    """Return the variables of a `.env` file: `NAME=value` lines, optional quotes, `export` and comments.

    Raises ConfigError for a line that names a `CTP_` variable and has another form, and for one that is there twice.
    """
    values: dict[str, str] = {}
    foreign = []
    for number, line in enumerate(text.splitlines(), start=1):
        stripped = line.strip()
        if not stripped or stripped.startswith("#"):
            continue
        match = _ASSIGNMENT.fullmatch(stripped)
        if match is not None:
            name, *forms = match.groups()
            # Of another program, the last one counts, as shells have it.
            if str(name).startswith("CTP_") and name in values:
                raise ConfigError(f"{file} {repeated(str(name))}")
            values[str(name)] = next((form for form in forms if form is not None), "")
            continue
        problem = f"line {number} of {file} is not NAME=value"
        # A line of another program may look as it likes. One of ours must not be passed over: its default would hold.
        if re.match(r"(export\s+)?CTP_", stripped):
            raise ConfigError(problem)
        foreign.append(problem)
    return SettingsFile(values, is_environment=True, foreign=tuple(foreign))
