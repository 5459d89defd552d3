"""The connector as a command inside this process; every line is judged by Airbyte's own models."""

from __future__ import annotations

import io
import json
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from airbyte_protocol.models import AirbyteMessage  # type: ignore[import-untyped]

from commercetools_source.frontends.airbyte import main


def run(command: str, **files: Any) -> tuple[int, list[dict[str, Any]]]:
    """Run a command with JSON files made of `files`; return its status and the messages on standard output."""
    with TemporaryDirectory() as folder:
        arguments = [command]
        for name, value in files.items():
            if value is not None:
                path = Path(folder, f"{name}.json")
                path.write_text(value if isinstance(value, str) else json.dumps(value), encoding="utf-8")
                arguments += [f"--{name}", str(path)]
        return call(*arguments)


def call(*arguments: str) -> tuple[int, list[dict[str, Any]]]:
    """Run the command with `arguments`."""
    out, err = io.TextIOWrapper(io.BytesIO(), encoding="utf-8"), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err), pytest.raises(SystemExit) as ended:
        main(arguments)
    out.flush()
    text = out.buffer.getvalue().decode()  # type: ignore[attr-defined]
    assert not text or text.endswith("\n"), "the last line is not whole"
    lines = text.split("\n")[:-1]  # as Airbyte splits them: other characters that end a line may stand in a text
    for line in lines:
        AirbyteMessage.model_validate_json(line)
    assert err.getvalue() == ""
    code = ended.value.code
    assert isinstance(code, int)
    return code, [json.loads(line) for line in lines]
