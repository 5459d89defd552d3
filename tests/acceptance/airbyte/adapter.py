"""The command as the object that airbyte-cdk's standard tests want."""

import json
import subprocess
import tempfile
from pathlib import Path

from airbyte_cdk.models import AirbyteMessageSerializer, ConfiguredAirbyteCatalogSerializer
from airbyte_cdk.sources import Source


class SourceCommercetools(Source):
    def spec(self, logger):
        return next(_run("spec")).spec

    def check(self, logger, config):
        return next(_run("check", config=config)).connectionStatus

    def discover(self, logger, config):
        return next(_run("discover", config=config)).catalog

    def read(self, logger, config, catalog, state=None):
        yield from _run("read", config=config, catalog=ConfiguredAirbyteCatalogSerializer.dump(catalog))


def _run(command, **files):
    with tempfile.TemporaryDirectory() as folder:
        paths = {name: Path(folder, name) for name in files}
        written = [
            paths[name].write_text(json.dumps(value)) and f"--{name}={paths[name]}" for name, value in files.items()
        ]
        out = subprocess.run(["source-commercetools", command, *written], stdout=subprocess.PIPE, check=False).stdout
    return (AirbyteMessageSerializer.load(json.loads(line)) for line in out.splitlines())
