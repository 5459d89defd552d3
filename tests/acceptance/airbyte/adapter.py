"""The command as the object that airbyte-cdk's standard tests want."""

import json
import subprocess
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
    for name, value in files.items():
        Path(name).write_text(json.dumps(value))
    arguments = ["source-commercetools", command, *(f"--{name}={name}" for name in files)]
    out = subprocess.run(arguments, stdout=subprocess.PIPE, check=False).stdout
    return (AirbyteMessageSerializer.load(json.loads(line)) for line in out.splitlines())
