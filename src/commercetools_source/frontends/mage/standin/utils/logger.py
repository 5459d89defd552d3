"""Log lines as Mage reads them: one JSON object a line, on stdout or through `logging`."""

# ruff: noqa: FBT001, FBT002 - signatures are those that Mage documents

from __future__ import annotations

import json
import logging
import sys
import time
import uuid
from datetime import datetime, timezone
from typing import Any

__all__ = ["Logger"]


class Logger:
    """Writes log lines in the name of `caller`; `verbose=0` writes nothing."""

    def __init__(
        self,
        caller: Any = None,
        log_to_stdout: bool = False,
        logger: logging.Logger | None = None,
        verbose: int = 1,
    ) -> None:
        self.caller = caller
        self.log_to_stdout = log_to_stdout
        self.logger = logger
        self.verbose = verbose

    def error(self, message: str, tags: dict[str, Any] | None = None, **extra: Any) -> None:
        """Log a failure."""
        self._log("ERROR", message, tags, extra)

    def exception(self, message: str, tags: dict[str, Any] | None = None, **extra: Any) -> None:
        """Log a failure with the exception under way."""
        self._log("EXCEPTION", message, tags, extra)

    def info(self, message: str, tags: dict[str, Any] | None = None, **extra: Any) -> None:
        """Log progress."""
        self._log("INFO", message, tags, extra)

    def debug(self, message: str, tags: dict[str, Any] | None = None, **extra: Any) -> None:
        """Log a detail."""
        self._log("DEBUG", message, tags, extra)

    def _log(self, level: str, message: str, tags: dict[str, Any] | None, extra: dict[str, Any]) -> None:
        if self.verbose == 0:
            return
        row = {
            "caller": self._caller(),
            "level": level,
            "message": message,
            "tags": tags or {},
            "timestamp": int(time.time()),
            "uuid": uuid.uuid4().hex,
            **extra,
            "type": "LOG",
        }
        # `default=str`: a line of the log must not fail over a value that JSON does not have.
        line = json.dumps(row, default=str)
        if self.log_to_stdout:
            sys.stdout.write(line + "\n")
            sys.stdout.flush()
        elif self.logger is not None:
            number = logging.ERROR if level == "EXCEPTION" else getattr(logging, level)
            now = datetime.now(timezone.utc).replace(tzinfo=None).isoformat()
            self.logger.log(number, "[%s] %s", now, line)

    def _caller(self) -> str:
        if not self.caller:
            return type(self).__name__
        return self.caller if isinstance(self.caller, str) else type(self.caller).__name__
