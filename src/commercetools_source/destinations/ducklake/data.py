"""Where the data files of a lake are: a folder, or a bucket with what DuckDB's extension httpfs needs to reach it."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlsplit

from commercetools_source.destinations.ducklake.extensions import load
from commercetools_source.destinations.store.bucket import check_endpoint, check_url
from commercetools_source.errors import ConfigError, DestinationError
from commercetools_source.model.quoting import string
from commercetools_source.model.schemas import RECORDS

if TYPE_CHECKING:
    from collections.abc import Mapping

    import duckdb

__all__ = ["PARAMETERS", "DataPath", "refuse_absent", "refuse_lost", "refuse_shared"]

PARAMETERS = ("data_path", "endpoint", "region")
"""What may be said of it behind the question mark of a destination."""

_BUCKET = "s3://"


class DataPath(NamedTuple):
    """A folder or a URL that begins with s3://; "" is where the lake has its data, or DuckLake would put them."""

    path: str = ""
    endpoint: str = ""
    region: str = ""

    @staticmethod
    def of(parameters: Mapping[str, str]) -> DataPath:
        """Return what the parameters of a destination say; raises ConfigError."""
        text = parameters.get("data_path", "")
        if "data_path" in parameters and not text.strip():
            raise ConfigError("data_path is empty; name a folder or s3://BUCKET/FOLDER, or leave it out")
        if (scheme := re.match(r"[\w+.-]{2,}:", text)) and not text.startswith(_BUCKET):
            raise ConfigError(f"data_path must be a folder or begin with {_BUCKET}; it begins with {scheme[0]!r}")
        endpoint = parameters.get("endpoint", "")
        check_url(text if scheme else "", endpoint)
        if text and not scheme:
            text = str(Path(text).expanduser().absolute())
        return DataPath(text, endpoint, parameters.get("region", ""))

    def options(self) -> list[str]:
        """Return what ATTACH says of it."""
        return [f"DATA_PATH {string(self.path)}"] if self.path else []

    def is_folder(self, path: str) -> bool:
        """Return whether it is the folder at `path` of this machine, which may have another name here."""
        return bool(self.path) and Path(self.path).is_dir() and Path(path).is_dir() and Path(path).samefile(self.path)

    def prepare(self, connection: duckdb.DuckDBPyConnection, user: str) -> None:
        """Let DuckDB reach a bucket with the keys of the environment, or else with its own persistent secrets.

        Raises DestinationError for a folder that can be none.
        """
        if not self.path.startswith(_BUCKET):
            _refuse_file(self.path)
        if not (self.path.startswith(_BUCKET) or self.endpoint or self.region):
            return
        load(connection, "httpfs", user)
        if secret := self._secret():
            options = ", ".join(f"{name} {value}" for name, value in secret.items())
            connection.execute(f"CREATE TEMPORARY SECRET (TYPE s3, {options})")

    def _secret(self) -> dict[str, str]:
        """Return the options of the secret that reaches the bucket; none without keys."""
        environment = os.environ
        key = environment.get("AWS_ACCESS_KEY_ID")
        if not key:
            return {}
        region = self.region or environment.get("AWS_REGION") or environment.get("AWS_DEFAULT_REGION", "")
        url = self.endpoint or environment.get("AWS_ENDPOINT_URL", "")
        check_endpoint(url)
        endpoint = urlsplit(url)
        values = {
            "KEY_ID": key,
            "SECRET": environment.get("AWS_SECRET_ACCESS_KEY", ""),
            "SESSION_TOKEN": environment.get("AWS_SESSION_TOKEN", ""),
            "REGION": region,
            "ENDPOINT": endpoint.netloc,
        }
        secret = {name: string(value) for name, value in values.items() if value}
        if endpoint.netloc:  # MinIO and the like know a bucket by the path, and have no name for each
            secret |= {"URL_STYLE": "'path'", "USE_SSL": str(endpoint.scheme == "https").lower()}
        return secret


def refuse_absent(connection: duckdb.DuckDBPyConnection, lake: str, user: str) -> None:
    """Raise DestinationError where the attached `lake` has files in a folder that is not on this machine."""
    query = f"SELECT value FROM ducklake_options({string(lake)}) WHERE option_name = 'data_path'"  # noqa: S608 - a literal
    ((folder,),) = connection.execute(query).fetchall()
    if "://" in folder or Path(folder).is_dir():
        return
    ((files,),) = connection.execute(f"SELECT sum(file_count) FROM ducklake_table_info({string(lake)})").fetchall()  # noqa: S608 - same
    if files:
        raise DestinationError(
            f"the data of {user} are in the folder {folder}, which is not here; put it back or mount it, or, where it"
            " was moved, let data_path in the catalogue's table ducklake_metadata be its new path, with a slash behind"
        )


def refuse_lost(connection: duckdb.DuckDBPyConnection, lake: str, metadata: str, user: str) -> None:
    """Raise DestinationError where a file on this machine is missing that has records of the attached `lake`.

    A run that meets no such record would not notice, and a full read fails where it compares. `metadata` is the
    catalogue of the lake (https://ducklake.select/docs/stable/specification/tables/overview).
    """
    files = " UNION ALL ".join(
        f"SELECT table_id, path, path_is_relative FROM {metadata}.{table} WHERE end_snapshot IS NULL"  # noqa: S608 - constants
        for table in ("ducklake_data_file", "ducklake_delete_file")
    )
    query = (
        f"SELECT t.table_name, value, s.path, s.path_is_relative, t.path, t.path_is_relative, f.path,"  # noqa: S608 - same
        f" f.path_is_relative FROM ({files}) AS f JOIN {metadata}.ducklake_table AS t USING (table_id)"
        f" JOIN {metadata}.ducklake_schema AS s USING (schema_id), ducklake_options({string(lake)})"
        f" WHERE t.end_snapshot IS NULL AND s.end_snapshot IS NULL AND schema_name = {string(RECORDS)}"
        " AND option_name = 'data_path' ORDER BY ALL"
    )
    for table, path, *parts in connection.execute(query).fetchall():
        for part, is_relative in zip(parts[::2], parts[1::2], strict=True):
            path = f"{path}{part}" if is_relative else part  # noqa: PLW2901 - it grows
        if "://" not in path and not Path(path).exists():
            raise DestinationError(
                f"{path} is missing, a file of {user} with records of {table}; put it back, or DROP TABLE"
                f" {RECORDS}.{table} in DuckDB: the next run reads them anew"
            )


def refuse_shared(path: str, user: str) -> None:
    """Raise DestinationError where a new lake would share the folder at `path` with somebody's Parquet files.

    DuckLake takes all that its catalogue does not know for what killed runs left, and removes it when it is asked to
    (https://ducklake.select/docs/stable/duckdb/maintenance/cleanup_of_files).
    """
    if path and "://" not in path and (found := next(Path(path).rglob("*.parquet"), None)):
        raise DestinationError(
            f"{user} is new, and the folder for its data has {found} already; a lake needs a folder of its own, because"
            " its upkeep removes what it does not know: name another data_path, or move these files away"
        )


def _refuse_file(path: str) -> None:
    """Raise DestinationError where a folder would lie in a file, or is one."""
    for folder in (Path(path), *Path(path).parents) if path else ():
        if folder.exists() and not folder.is_dir():
            raise DestinationError(f"data_path is {path}, and {folder} is no folder; name one for the data")
