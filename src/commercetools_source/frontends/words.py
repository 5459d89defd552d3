"""What users of each front-end are told to do: a row for each, so that nobody reads of an option that is not there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from commercetools_source.config.settings import SETTINGS
from commercetools_source.errors import ConfigError, StateError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from commercetools_source.catalog.stream import Stream
    from commercetools_source.config import Config
    from commercetools_source.extract.checkpoint import StreamState

__all__ = ["AIRBYTE", "DLT", "MAGE", "SINGER", "SPARK", "Words"]


@dataclass(frozen=True, slots=True)
class Words:
    """`anew`: how to have a stream read from its start; `setting`: where a missing one goes, {upper} being its name."""

    anew: str
    setting: str

    def config(self, given: Mapping[str, Any], *, ignore_unknown: bool = False) -> Config:
        """Return checked settings; raises ConfigError that names every problem in these words."""
        from commercetools_source.config import Config

        return self._checked(lambda: Config.from_mapping(given, ignore_unknown=ignore_unknown))

    def config_over(self, environ: Mapping[str, str], given: Mapping[str, Any]) -> Config:
        """Return checked settings, those not `given` from the `CTP_*` variables of `environ`; raises as `config`."""
        from commercetools_source.config import Config

        return self._checked(lambda: Config.load(environ=environ, overrides=given))

    def _checked(self, load: Callable[[], Config]) -> Config:
        try:
            return load()
        except ConfigError as error:
            problems = error.problems
        # The checks name files and `CTP_` variables, which users of this front-end may not have.
        for name, setting in SETTINGS.items():
            here = self.setting.format(name=name, upper=name.upper())
            problems = tuple(problem.replace(setting.elsewhere, here) for problem in problems)
        raise ConfigError(problems)

    def state(self, stream: Stream, stored: object) -> StreamState:
        """Return where a stream goes on; None is one that was never read. Raises StateError that names the stream."""
        state = self.restored(stored)
        if state.broken is not None:
            raise StateError(f"{stream.name}: {state.broken}")
        return state

    def restored(self, stored: object, *, full: bool = False) -> StreamState:
        """Return what `state` does, or a state that is `broken`, which stops its stream alone.

        With `full`, a full read that was cut off goes on, and what another read had reached counts for nothing.
        """
        from commercetools_source.extract.checkpoint import StreamState, decode

        if stored is None:
            return StreamState()
        try:
            state = decode(stored, self.anew)
        except StateError as error:
            state = StreamState(broken=str(error))
        # A full read that was cut off is what is asked for already: to begin it anew would never end on a slow line.
        return StreamState() if full and state.mode != "full" else state


SINGER = Words("remove its bookmark from the state", "set it in the config, or as TAP_COMMERCETOOLS_{upper}")
MAGE = Words("reset its bookmark in Mage", "set it in the source's config")
AIRBYTE = Words(
    "clear or refresh the stream in Airbyte (PyAirbyte: read(force_full_refresh=True))", "set it in the config"
)
DLT = Words(
    'run the pipeline with refresh="drop_resources"',
    "set it in secrets.toml under [sources.commercetools.credentials], or as"
    " SOURCES__COMMERCETOOLS__CREDENTIALS__{upper}",
)
SPARK = Words(
    "read with a new checkpoint, from the start",
    "give it as .option('{name}', ...), or as CTP_{upper} in the environment of Spark's driver",
)
