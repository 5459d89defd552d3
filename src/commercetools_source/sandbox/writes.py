"""stub"""
from __future__ import annotations
from typing import Any
from commercetools_source.sandbox.refusals import unknown_path
class Journal:
    def purge(self) -> None: ...
class Writer:
    def __init__(self, project: Any, clock: Any, random: Any) -> None:
        self.journal = Journal()
    def write(self, request: Any, route: Any, client: str) -> Any:
        raise unknown_path(request.path)
