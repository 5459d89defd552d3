"""The settings as dlt's credentials, so that they come from `secrets.toml`, the environment or a vault."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any, Optional, get_type_hints

import dlt
from dlt.common.configuration import configspec
from dlt.common.configuration.specs import CredentialsConfiguration
from dlt.common.typing import TSecretStrValue

from commercetools_source.config import Config
from commercetools_source.config.settings import SETTINGS
from commercetools_source.config.values import Secret
from commercetools_source.frontends.words import DLT

__all__ = ["CommercetoolsCredentials", "config_of"]

_TYPES: dict[Any, Any] = {Secret: TSecretStrValue, int: int, float: float, tuple[str, ...]: Any}
"""The types that dlt reads settings by; those of other settings are text to it. `Any`: a list of a file stays one."""


_SECTION = ("sources", "commercetools", "credentials")


def _fields() -> dict[str, Any]:
    """Return the annotation of each setting, and None as its default: what is not given is left to `Config`."""
    types = get_type_hints(Config)
    annotations = {}
    for name, setting in SETTINGS.items():
        plain = _TYPES.get(types[name], str)
        annotations[name] = plain if setting.required else Optional[plain]  # noqa: UP045 - dlt reads them
    methods = {"on_partial": _refuse_unknown, "on_resolved": _refuse_unknown}
    return {"__annotations__": annotations, "__module__": __name__, **methods, **dict.fromkeys(annotations)}


def _refuse_unknown(credentials: Mapping[str, Any]) -> None:
    """Raise ConfigError for keys of the section that are no settings: dlt asks for each setting, and sees no other key.

    dlt calls it when it has looked for every setting.
    """
    start = "__".join((*_SECTION, "")).upper()
    given = {variable[len(start) :].lower(): "" for variable in os.environ if variable.startswith(start)}
    for files in (dlt.secrets, dlt.config):
        section = files.get(".".join(_SECTION))
        given |= section if isinstance(section, Mapping) else {}
    if unknown := {name: value for name, value in given.items() if name not in SETTINGS}:
        DLT.config({**credentials, **unknown})


CommercetoolsCredentials: Any = configspec(type("CommercetoolsCredentials", (CredentialsConfiguration,), _fields()))
"""A project and its API client: the settings of docs/configuration.md under their names."""


def config_of(credentials: Mapping[str, Any]) -> Config:
    """Return checked settings from what dlt resolved; raises ConfigError that names every problem."""
    return DLT.config({name: credentials.get(name) for name in SETTINGS})
