"""Where the other readers live: a virtual environment each, in a cache outside the repository."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from benchmarks.plan import Peer

__all__ = ["Environments", "cache"]

_NAMES = "*.us-central1.gcp.commercetools.com"


def cache() -> Path:
    """Return the folder that outlives `make clean`: environments and prepared pages are dear."""
    home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(home) / "commercetools-source-benchmarks"


class Environments:
    """The peers' environments below `folder`, and a certificate for the hosts that one of them insists on."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.certificate = folder / "host.pem"
        self.authority = folder / "authority.pem"

    def python(self, peer: Peer) -> Path:
        """Return the interpreter of a peer."""
        return self._folder / peer.module / "bin" / "python"

    def make(self, peers: Iterable[Peer]) -> None:
        """Install what is missing; raises RuntimeError with the end of what the installer said."""
        self._folder.mkdir(parents=True, exist_ok=True)
        if not self.certificate.exists():
            self._certify()
        for peer in peers:
            made = self._folder / peer.module / ".made"
            if made.exists():
                continue
            _run(sys.executable, "-m", "venv", self._folder / peer.module)
            _run(self.python(peer), "-m", "pip", "--disable-pip-version-check", "--quiet", "install", *peer.packages)
            if peer.proxied:
                self._trust(peer)
            made.touch()

    def versions(self, peers: Iterable[Peer]) -> dict[str, str]:
        """Return what each environment runs, the packages asked for and their versions."""
        code = "import sys; from importlib.metadata import version; print(*map(version, sys.argv[1:]))"
        found: dict[str, str] = {}
        for peer in peers:
            names = [package.partition("[")[0] for package in peer.packages]
            said = subprocess.run(  # noqa: S603 - an interpreter made here
                [self.python(peer), "-c", code, *names], capture_output=True, text=True, check=True
            )
            found.update(zip(names, said.stdout.split(), strict=True))
        return found

    def _certify(self) -> None:
        key, authority = self._folder / "host.key", self.authority
        options = ["-x509", "-newkey", "rsa:2048", "-nodes", "-days", "3650", "-subj", "/CN=benchmarks"]
        _run("openssl", "req", *options, "-keyout", key, "-out", authority, "-addext", f"subjectAltName=DNS:{_NAMES}")
        self.certificate.write_text(key.read_text() + authority.read_text())

    def _trust(self, peer: Peer) -> None:
        """Let the environment trust the certificate: its HTTP library looks here and nowhere else."""
        code = "import certifi; print(certifi.where())"
        said = subprocess.run([self.python(peer), "-c", code], capture_output=True, text=True, check=True)  # noqa: S603
        with Path(said.stdout.strip()).open("a") as trusted:
            trusted.write(self.authority.read_text())


def _run(*command: object) -> None:
    words = [str(word) for word in command]
    done = subprocess.run(words, capture_output=True, text=True, check=False)  # noqa: S603 - pip, venv and openssl
    if done.returncode:
        raise RuntimeError(f"{' '.join(words)} failed: {done.stderr[-2000:]}")
