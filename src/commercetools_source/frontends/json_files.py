"""JSON files that a command is handed: read as a whole, or a sentence that names the file."""

from __future__ import annotations

from codecs import BOM_UTF8
from pathlib import Path
from typing import TYPE_CHECKING, Any

from commercetools_source.config.given import decode_json, read_given
from commercetools_source.errors import ConfigError

if TYPE_CHECKING:
    from commercetools_source.errors import CommercetoolsError

__all__ = ["json_file", "json_object", "json_value"]


def json_file(path: str, file_role: str, mistake: type[CommercetoolsError]) -> Any:
    """Return what a file holds; raises `mistake` that names the file by its role and path."""
    try:
        # Windows' editors put a mark of three bytes in front.
        return json_value(read_given(Path(path)).removeprefix(BOM_UTF8), f"the {file_role} file {path}", mistake)
    except OSError as error:
        raise mistake(f"the {file_role} file {path} cannot be read: {error.strerror}") from None


def json_value(text: bytes | str, name: str, mistake: type[CommercetoolsError]) -> Any:
    """Return the value of a JSON text; raises `mistake` that calls it `name`."""
    try:
        return decode_json(text)
    # Told apart from broken JSON: what helps here is to save the file in another encoding.
    except UnicodeDecodeError:
        raise mistake(f"{name} is not UTF-8 text") from None
    except ConfigError as error:
        raise mistake(f"{name} {error}") from None
    except (ValueError, RecursionError) as error:
        raise mistake(f"{name} is not valid JSON: {error}") from None


def json_object(value: Any, name: str, mistake: type[CommercetoolsError]) -> dict[str, Any]:
    """Return `value`, a JSON object; raises `mistake` for anything else."""
    if not isinstance(value, dict):
        raise mistake(f"{name} must hold a JSON object")
    return value
