"""A bucket of S3, Google Cloud Storage or Azure as a store: nothing is renamed, the manifest is commit and lock in one.

The manifest is put only if it is the one that this run saw (`If-Match`), so of two runs the one that opened the
bucket last goes on, and the other is told when it replaces the manifest next
(https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html).
"""

from __future__ import annotations

import os
import re
from contextlib import nullcontext, suppress
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from commercetools_source.destinations.manifest import MANIFEST, PART
from commercetools_source.destinations.scratch import Scratch
from commercetools_source.destinations.store.refusals import reason
from commercetools_source.errors import ConfigError, DestinationError, InUseError
from commercetools_source.errors.extras import install_hint
from commercetools_source.http.proxies import bundle, certificates, environment_variable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from contextlib import AbstractContextManager
    from typing import BinaryIO

    import duckdb

    Write = Callable[[BinaryIO], int]

__all__ = ["Bucket", "check_endpoint", "check_url"]

_MOST_AT_ONCE = 48_000_000
"""Bytes that are put by one request, which holds them in memory: what a delivery has at most. Only files that are
joined have several parts, of which a killed run leaves what no listing shows."""
_ENDPOINTS = ("AWS_ENDPOINT_URL", "AWS_ENDPOINT")
_PART = 8_000_000


def check_url(url: str, endpoint: str = "") -> None:
    """Raise ConfigError for the URL of a bucket, or of its endpoint, with credentials or in which readers differ."""
    # They would end in process lists and shell histories. A secret key may have a slash, and the @ comes after it.
    scheme, _, path = url.partition("://")
    bucket, _, prefix = path.partition("/")
    if ":" in bucket or "@" in bucket or "@" in endpoint:
        raise ConfigError("a bucket is named without credentials; they are taken from the environment")
    if scheme != url and not bucket:
        raise ConfigError(f"there is no bucket in the URL; it is {scheme}://BUCKET/PREFIX")
    # Some programs decode a percent sign, cut at # and join such folders, so that two prefixes would be one.
    folders = prefix.removesuffix("/").split("/") if prefix else []
    if re.search("[#%]", path) or {"", ".", ".."} & {*folders}:
        raise ConfigError(f"{path!r} has a # or %, or a folder that is empty, . or ..; choose another prefix")
    # Cut off a URL by those that go by the rules of browsers (https://url.spec.whatwg.org/#url-parsing).
    if url.rstrip("/").endswith(" "):
        raise ConfigError(f"{path!r} ends with a space; choose another prefix")
    check_endpoint(endpoint)


def check_endpoint(endpoint: str) -> None:
    """Raise ConfigError for an endpoint that is no URL: it would be left out by one program and crash another."""
    if endpoint and not re.match("https?://[^/]", endpoint):
        raise ConfigError(f"the endpoint of a bucket is a URL such as https://minio.example:9000, not {endpoint!r}")


class Bucket:
    """The part of a bucket below `url`, such as s3://bucket/prefix; `parameters` are `endpoint` and `region`.

    Credentials are looked for as everywhere: environment variables, AWS_PROFILE, the role of machine or container.
    With `objects`, a store of obstore, nothing is looked for: https://developmentseed.org/obstore/latest/api/store/.
    """

    loading = ""
    shared = True

    def __init__(self, url: str, parameters: Mapping[str, str] | None = None, objects: Any = None) -> None:
        check_url(url, (parameters or {}).get("endpoint", ""))
        self.name = url.rstrip("/")
        self._parameters = dict(parameters or {})
        self.objects = objects
        self._is_given = objects is not None
        self._sizes: dict[str, int] = {}
        self._absent: set[str] = set()
        self._versions: dict[str, dict[str, str]] = {}
        self._changed: dict[str, float] = {}
        self._certain = True
        self._proven = False
        self._fetched: Scratch | None = None

    @property
    def url(self) -> str:
        """The URL without parameters."""
        return self.name

    # --- from opening to closing ---

    def is_there(self) -> bool:
        """Return True, or raise OSError with the reason why it cannot be looked at."""
        self.prepare()
        return True

    def prepare(self) -> None:
        """Look at what is in it; raises DestinationError when that cannot be."""
        self._connect()
        self._certain, self._proven = True, False
        self._absent = set()
        self._sizes = {
            meta["path"]: meta["size"]
            # Listed once for a run: sizes tell which files are there, without a request for each.
            for page in self._ask(lambda: list(self._api().list(self.objects)))
            for meta in page
        }

    def lock(self) -> None:
        """Do nothing: the manifest is the lock."""

    def lock_to_read(self) -> None:
        """Look at what is in it; raises DestinationError when there is no manifest."""
        self.prepare()
        if self.size(MANIFEST) is None:
            raise DestinationError(f"{self.name} does not exist; run `commercetools-source sync` first")

    def close(self) -> None:
        """Remove what was fetched."""
        fetched, self._fetched = self._fetched, None
        if fetched is not None:
            fetched.close()

    def explain(self, error: OSError) -> str:
        """Return why it cannot be opened, in a sentence."""
        return f"cannot use {self.name}: {error}"

    def _connect(self) -> None:
        try:
            import fsspec  # noqa: F401 - needed by what reads ranges
            from obstore.store import from_url
        except ImportError as error:
            hint = install_hint("bucket")
            raise DestinationError(f"cannot use {self.name}: it needs obstore and fsspec; {hint}") from error
        if self._is_given:
            return
        settings: dict[str, Any] = dict(self._parameters)
        endpoint = settings.get("endpoint") or next(filter(None, map(os.environ.get, _ENDPOINTS)), "")
        check_endpoint(endpoint)
        settings["client_options"] = {"allow_http": endpoint.startswith("http://"), "timeout": timedelta(minutes=5)}
        if self.name.startswith("s3:") and "AWS_PROFILE" in os.environ and "AWS_ACCESS_KEY_ID" not in os.environ:
            settings["credential_provider"] = self._profile()
        # Within the lease of a run: a put that is repeated for longer would find another run.
        settings["retry_config"] = {"max_retries": 5, "retry_timeout": timedelta(minutes=2)}
        with _trusting_bundle():
            self.objects = self._ask(lambda: from_url(self.name, **settings))

    def _profile(self) -> Any:
        """Return what reads the credentials of AWS_PROFILE: boto3 does, as the rest of AWS's tools."""
        try:
            from obstore.auth.boto3 import Boto3CredentialProvider
        except ImportError as error:
            raise DestinationError(
                f"cannot use {self.name}: AWS_PROFILE is read by boto3, which is not installed; install it,"
                " or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
            ) from error
        return Boto3CredentialProvider()

    def _api(self) -> Any:
        import obstore

        return obstore

    def _ask(self, action: Callable[[], Any]) -> Any:
        """Return what the bucket answers; raises OSError with a reason in which no credentials are."""
        from obstore.exceptions import BaseError

        try:
            return action()
        except (BaseError, OSError, ValueError) as error:
            missing = isinstance(error, FileNotFoundError) and "NoSuchBucket" not in str(error)
            # Not from the error: the answer in it may name the access key.
            raise (FileNotFoundError if missing else OSError)(reason(error)) from None

    # --- files ---

    def check(self, table: str) -> None:
        """Do nothing: a bucket has no links."""

    def get(self, path: str) -> bytes | None:
        """Return what is in an object, None when there is none."""
        # What lies beside the manifest is asked for all the same: another run may have put it meanwhile, or the listing
        # be late, and without the list of whom to forget their records would be loaded again.
        if path not in self._sizes and "/" in path:
            return None
        try:
            answer, content = self._ask(lambda: self._download(path))
        except FileNotFoundError:
            self._versions.pop(path, None)
            return None
        self._versions[path] = _version(answer.meta)
        self._changed[path] = answer.meta["last_modified"].timestamp()
        return bytes(content)

    def _download(self, path: str) -> tuple[Any, bytes]:
        answer = self._api().get(self.objects, path)
        return answer, bytes(answer.bytes())

    def put(self, path: str, write: Write, *, empty: bool = True) -> tuple[int, int]:
        """Write a file on this machine, then put it as one object under its final name."""
        file = self._local(f"{path}.new")
        try:
            with file.open("wb") as out:
                records = write(out)
                size = out.tell()
            if records or empty:
                self._sizes[path] = size  # before it is put, so that it is removed even if no answer comes
                parts = size > _MOST_AT_ONCE
                self._ask(
                    lambda: self._api().put(
                        self.objects, path, file, use_multipart=parts, chunk_size=_PART, max_concurrency=4
                    )
                )
        finally:
            file.unlink(missing_ok=True)
        self._local(path).unlink(missing_ok=True)
        return records, size

    def replace(self, path: str, text: bytes) -> None:
        """Put an object on the condition that it is still the one that was got; raises InUseError when it is not."""
        from obstore.exceptions import AlreadyExistsError, BaseError, PreconditionError

        version = self._versions.get(path)
        try:
            answer = self._api().put(self.objects, path, text, mode=version or "create")
        except (AlreadyExistsError, PreconditionError):
            # A reply that was lost is asked for again, and then it is this run's own text that is in the way.
            self._certain = False
            stored = self.get(path)
            self._certain = True
            if stored != text and version and self._versions.get(path) == version:
                raise OSError("the store refused a put though nobody else has changed the object") from None
            if stored != text:
                raise InUseError(
                    f"{self.name} is in use by another run, which has opened it since; what was stored before is kept:"
                    " wait until that run has ended and run again"
                ) from None
        except (BaseError, OSError) as error:
            self._certain = False
            raise OSError(reason(error)) from None
        else:
            self._versions[path] = _version(answer)
            if not self._proven:
                self._prove(path, text, version)
        self._sizes[path] = len(text)

    def _prove(self, path: str, text: bytes, version: dict[str, str] | None) -> None:
        """Raise DestinationError when the store puts though the condition is not met, as one does that ignores it.

        Asked with the version that was replaced just now, and the text that is there: if it is put, nothing is lost.
        """
        from obstore.exceptions import AlreadyExistsError, BaseError, PreconditionError

        try:
            self._api().put(self.objects, path, text, mode=version or "create")
        except (AlreadyExistsError, PreconditionError):
            self._proven = True
        except (BaseError, OSError) as error:
            raise OSError(reason(error)) from None
        else:
            raise DestinationError(
                f"cannot use {self.name}: the store ignores the conditions of a put, so two runs could overwrite each"
                " other; choose another one"
            )

    def is_certain(self) -> bool:
        """Return False after a `replace` of which no answer came."""
        return self._certain

    def size(self, path: str) -> int | None:
        """Return the bytes of an object, None when there is none."""
        # Another run may have put it after this one listed the bucket; the listing of some stores is late, too.
        if path not in self._sizes and path not in self._absent:
            try:
                self._sizes[path] = self._ask(lambda: self._api().head(self.objects, path))["size"]
            except FileNotFoundError:
                self._absent.add(path)
        return self._sizes.get(path)

    def changed(self, path: str) -> float:
        """Return when an object changed before it was got last."""
        return self._changed.get(path, 0.0)

    def move(self, path: str, target: str) -> None:
        """Do nothing: an object has its final name from the beginning."""

    def move_back(self, path: str, origin: str) -> None:
        """Do nothing, as `move` does."""

    def persist(self, folder: str) -> None:
        """Do nothing: an object that was put stays."""

    def discard(self, path: str, *, begun: bool = False) -> None:  # noqa: ARG002 - an object is never half there
        """Delete an object; nothing is left of one that was only `begun`."""
        if path in self._sizes:
            with suppress(FileNotFoundError):
                self._ask(lambda: self._api().delete(self.objects, path))
            self._sizes.pop(path, None)
            self._absent.add(path)
            self._local(path).unlink(missing_ok=True)

    def clean(self) -> None:
        """Do nothing: a manifest is put as a whole."""

    def tidy(self, table: str) -> None:
        """Do nothing: a bucket has no folders."""

    def strays(self) -> Iterator[str]:
        """Yield data files that are below no other manifest."""
        for path in self._sizes:
            *folders, name = path.split("/")
            inside = ["/".join([*folders[:depth], MANIFEST]) for depth in range(1, len(folders) + 1)]
            if PART.fullmatch(name) and not any(manifest in self._sizes for manifest in inside):
                yield path

    # --- reading ---

    def attach(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Let a connection read ranges of the objects by their `source`."""
        from commercetools_source.destinations.store.ranges import PROTOCOL, filesystem

        if not connection.filesystem_is_registered(PROTOCOL):
            connection.register_filesystem(filesystem(self.objects))

    def source(self, path: str) -> str:
        """Return a URL that only a connection knows to which this store is attached."""
        from commercetools_source.destinations.store.ranges import PROTOCOL

        return f"{PROTOCOL}://{path}"

    def fetch(self, path: str) -> Path:
        """Return a copy of an object, which lies in the system's folder of temporary files until it is released."""
        file = self._local(path)
        if not file.exists():
            whole = file.with_name(f"{file.name}.new")
            self._ask(lambda: self._copy(path, whole))
            whole.replace(file)
        return file

    def _copy(self, path: str, file: Path) -> None:
        with file.open("wb") as out:
            for chunk in self._api().get(self.objects, path):
                out.write(chunk)

    def release(self, table: str) -> None:
        """Remove the copies of the files of a table."""
        if self._fetched is not None:
            for file in (self._fetched.path / table).glob("part-*"):
                file.unlink()

    def _local(self, path: str) -> Path:
        if self._fetched is None:
            self._fetched = Scratch.new()
        file = self._fetched.path / path
        file.parent.mkdir(parents=True, exist_ok=True)
        return file


def _trusting_bundle() -> AbstractContextManager[None]:
    """Have stores that are made inside the block trust the certificates that the API's connections trust.

    obstore takes no bundle; it looks for certificates as OpenSSL does, when a store is made.
    """
    variable, path = bundle()
    name = "SSL_CERT_DIR" if Path(path).is_dir() else "SSL_CERT_FILE"
    if not variable or name in os.environ:
        return nullcontext()
    certificates()  # says what is wrong with it
    return environment_variable(name, path)


def _version(meta: Any) -> dict[str, str]:
    """Return what the condition of a put names; obstore takes no null in it."""
    return {name: meta[name] for name in ("e_tag", "version") if meta[name] is not None}
