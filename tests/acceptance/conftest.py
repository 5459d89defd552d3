"""What `make acceptance` adds to the suite: real programs of others, each in an environment of its own.

Nothing here runs in `make test`. Each environment is installed once, into `.build/acceptance`; what
cannot be downloaded is skipped with that reason, whatever else goes wrong is a failure.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from commercetools_source.sandbox import Sandbox

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

ROOT = Path(__file__).parents[2]
BUILT = ROOT / ".build" / "acceptance"
OFFLINE = ("NewConnectionError", "NameResolutionError", "Could not resolve host", "Network is unreachable")
MAGE = os.environ.get("MAGE", "https://github.com/mage-ai/mage-ai")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    if not os.environ.get("ACCEPTANCE"):
        files = {path for path in {item.path for item in items} if here in path.parents}  # items are thousands
        for item in items:
            if item.path in files:
                item.add_marker(pytest.mark.skip(reason="only `make acceptance` downloads other people's programs"))


@dataclass
class Response:
    """What a program said."""

    status: int
    out: bytes
    err: str

    def lines(self) -> list[Any]:
        assert self.out == b"" or self.out.endswith(b"\n"), "the last line is not whole"
        return [json.loads(line) for line in self.out.splitlines()]


@dataclass
class Environment:
    """A virtual environment."""

    folder: Path

    @property
    def python(self) -> str:
        return str(self.folder / "bin" / "python")

    @property
    def environ(self) -> dict[str, str]:
        """Variables as in a container: nothing is buffered, and programs of the environment come first."""
        path = f"{self.folder / 'bin'}{os.pathsep}{os.environ['PATH']}"
        inherited = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
        return {**inherited, "PATH": path, "PYTHONUNBUFFERED": "1"}

    def run(self, program: str | Path, *arguments: str, said: bytes = b"", **options: Any) -> Response:
        """Run a program of the environment; `said` is its standard input."""
        command = [str(self.folder / "bin" / program), *arguments]
        environ = {**self.environ, **options.pop("environ", {})}
        done = subprocess.run(command, input=said, capture_output=True, check=False, env=environ, **options)
        return Response(done.returncode, done.stdout, done.stderr.decode())

    def good(self, program: str | Path, *arguments: str, **options: Any) -> Response:
        """Run a program that must succeed."""
        answer = self.run(program, *arguments, **options)
        assert answer.status == 0, f"{program}: {answer.out[-2000:]!r}\n{answer.err[-4000:]}"
        return answer

    def pip(self, *arguments: str) -> None:
        answer = self.run("python", "-m", "pip", "--disable-pip-version-check", "--quiet", *arguments)
        if answer.status and any(sign in answer.err for sign in OFFLINE):
            pytest.skip(f"the package index cannot be reached: {answer.err.splitlines()[-1]}")
        assert answer.status == 0, answer.err

    def json(self, code: str) -> Any:
        """Return the JSON that Python code prints."""
        return json.loads(self.good("python", "-c", code).out)


@pytest.fixture(scope="session")
def wheel() -> Path:
    (found,) = (ROOT / ".build" / "dist").glob("*.whl")
    return found


@pytest.fixture(scope="session")
def environment(wheel: Path) -> Callable[..., Environment]:
    """Make an environment of this name, by installing lists of packages one after the other.

    `{wheel}` in them is ours; keywords are other places that lie elsewhere each time. The variable ENVIRONMENT_NAME
    may say where it is already.
    """

    def make(name: str, *steps: Sequence[str], **places: Path) -> Environment:
        if ready := os.environ.get(f"ENVIRONMENT_{name.upper()}"):
            return Environment(Path(ready))
        said = json.dumps([sys.version, steps, hashlib.sha256(wheel.read_bytes()).hexdigest()])
        folder = BUILT / name
        stamp = folder / "installed.json"
        made = Environment(folder)
        if not stamp.is_file() or stamp.read_text() != said:
            shutil.rmtree(folder, ignore_errors=True)
            subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
            for step in steps:
                made.pip("install", *(part.format(wheel=wheel, **places) for part in step))
            stamp.write_text(said)
        return made

    return make


@pytest.fixture(scope="session")
def mage_sources() -> Path:
    """Return Mage's sources: in the folder, or from the repository, that the variable MAGE names; else from GitHub."""
    if (Path(MAGE) / "mage_integrations").is_dir():
        return Path(MAGE)
    folder = BUILT / "mage-repository"
    if not (folder / "mage_integrations").is_dir():
        shutil.rmtree(folder, ignore_errors=True)
        command = ["git", "clone", "--quiet", "--depth", "1", MAGE, str(folder)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode and any(sign in done.stderr for sign in OFFLINE):
            pytest.skip(f"{MAGE} cannot be reached")
        assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture(scope="session")
def mage_integrations(mage_sources: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder that pip can install Mage's connectors from; pip leaves its traces there."""
    folder = tmp_path_factory.mktemp("mage") / "mage_integrations"
    shutil.copytree(mage_sources / "mage_integrations", folder, ignore=shutil.ignore_patterns("build"))
    return folder


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(size="tiny", seed=5) as running:
        yield running


MANY = 12_500


def customers() -> Iterator[tuple[str, str, bytes]]:
    """Yield rows of a project that has nothing but customers, all created within two hours."""
    for number in range(MANY):
        at = f"2025-03-01T{number // 6000:02d}:{number // 100 % 60:02d}:{number % 60:02d}.{number % 7:03d}Z"
        value = {"id": f"{number * 7919 % MANY:08x}-0000-4000-8000-000000000000", "version": 1, "email": "x" * 300}
        yield "/customers", "", json.dumps({**value, "createdAt": at, "lastModifiedAt": at}).encode()


@pytest.fixture(scope="module")
def crowd() -> Iterator[Sandbox]:
    with Sandbox(rows=customers()) as running:
        yield running


@dataclass
class Postgres:
    """A running server, as its clients need it."""

    port: int
    bin: Path

    def query(self, sql: str) -> list[list[str]]:
        command = [str(self.bin / "psql"), "-h", "127.0.0.1", "-p", str(self.port), "-U", "postgres", "-AtXc", sql]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return [line.split("|") for line in done.stdout.splitlines()]

    def counts(self, schema: str) -> dict[str, int]:
        """Return the number of rows of each table of `schema`."""
        tables = self.query(f"select table_name from information_schema.tables where table_schema = '{schema}'")
        return {name: int(self.query(f'select count(*) from "{schema}"."{name}"')[0][0]) for (name,) in tables}


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """Run a PostgreSQL server for this session, if the machine has one."""
    places = [*sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True), *Path("/usr/local/pgsql").glob("bin")]
    found = next((place for place in places if (place / "initdb").is_file()), None)
    if found is None and (on_path := shutil.which("initdb")):
        found = Path(on_path).parent
    if found is None:
        pytest.skip("there is no PostgreSQL; install it from the system's packages (postgresql)")
    folder = Path(tempfile.mkdtemp(prefix="postgres-"))
    as_user: dict[str, Any] = {}
    if os.geteuid() == 0:  # the server refuses to run as root
        as_user = {"user": "postgres", "group": "postgres", "cwd": "/"}
        shutil.chown(folder, "postgres", "postgres")
    port = _free_port()
    options = f"-c listen_addresses=127.0.0.1 -p {port} -k {folder} -c fsync=off"
    data = str(folder / "data")

    def control(*arguments: str) -> None:
        subprocess.run(arguments, check=True, stdout=subprocess.DEVNULL, **as_user)

    control(str(found / "initdb"), "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-sync")
    control(str(found / "pg_ctl"), "-D", data, "-o", options, "-l", str(folder / "log"), "-w", "start")
    try:
        yield Postgres(port, found)
    finally:
        control(str(found / "pg_ctl"), "-D", data, "-m", "immediate", "-w", "stop")
        shutil.rmtree(folder)


def _free_port() -> int:
    import socket

    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        port: int = listening.getsockname()[1]
    return port
