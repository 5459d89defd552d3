"""The settings as dlt's credentials, so that they come from `secrets.toml`, the environment or a vault."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Optional, get_type_hints

from dlt.common.configuration import configspec
from dlt.common.configuration.specs import CredentialsConfiguration
from dlt.common.typing import TSecretStrValue

from commercetools_source.config import Config
from commercetools_source.config.settings import SETTINGS
from commercetools_source.config.values import Secret
from commercetools_source.frontends.words import DLT

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["CommercetoolsCredentials", "config_of"]

_TYPES: dict[Any, Any] = {Secret: TSecretStrValue, int: int, float: float, tuple[str, ...]: Any}
"""The types that dlt reads settings by; those of other settings are text to it. `Any`: a list of a file stays one."""


def _fields() -> dict[str, Any]:
    """Return the annotation of each setting, and None as its default: what is not given is left to `Config`."""
    types = get_type_hints(Config)
    annotations = {}
    for name, setting in SETTINGS.items():
        plain = _TYPES.get(types[name], str)
        annotations[name] = plain if setting.required else Optional[plain]  # noqa: UP045 - dlt reads them
    return {"__annotations__": annotations, "__module__": __name__, **dict.fromkeys(annotations)}


CommercetoolsCredentials: Any = configspec(type("CommercetoolsCredentials", (CredentialsConfiguration,), _fields()))
"""A project and its API client: the settings of docs/configuration.md under their names."""


def config_of(credentials: Mapping[str, Any]) -> Config:
    """Return checked settings from what dlt resolved; raises ConfigError that names every problem."""
    return DLT.config({name: credentials.get(name) for name in SETTINGS})
