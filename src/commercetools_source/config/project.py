"""The settings of one project, checked as a whole: from a mapping, the environment, a file, or all three.

Every wrong or missing key is reported in one `ConfigError`. It does no network work; of the file
system it reads only the settings file it is told to read.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from commercetools_source.catalog.services import API, SERVICES
from commercetools_source.config.endpoint import region_of, resolve_endpoint
from commercetools_source.config.files import SettingsFile, read_settings_file, read_settings_text
from commercetools_source.config.settings import SETTINGS, Settings
from commercetools_source.config.values import Secret, is_blank, is_zero, shown
from commercetools_source.errors import ConfigError
from commercetools_source.errors.suggestion import nearest, suggestion

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["Config", "checked", "setting_of"]

_NAMES = {variable: name for name, setting in SETTINGS.items() for variable in (*setting.aliases, setting.variable)}
_ENDPOINT = ("region", "host", "api_url", "auth_url", "history_url")
_REQUIRED = tuple(name for name, setting in SETTINGS.items() if setting.required)
_FIRST = (
    "Run `commercetools-source init`, which takes what the Merchant Center shows for a new API client, set its CTP_"
    " variables in the environment, or name a settings file; `commercetools-source demo` needs none of them"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Config(Settings):
    """Settings of one project; whoever holds one knows that every value is legal.

    Raw values (`"500"`, a plain string as secret, `"us-central1.gcp"`) are accepted and typed;
    `api_url` and `auth_url` are always filled, from the region where they were not given; `history_url` where a
    region or the platform's own API host says it.
    `start_date` is UTC with milliseconds (`2026-01-31T00:00:00.000Z`); times are seconds.
    Raises `ConfigError` that names every wrong key at once.
    """

    def __post_init__(self) -> None:
        raw = {field.name: getattr(self, field.name) for field in fields(self)}
        values, problems = _check(raw)
        if problems:
            raise ConfigError(problems)
        for name, value in values.items():
            # Frozen for everybody else: here each raw value is replaced by its typed one, once.
            object.__setattr__(self, name, value)

    @property
    def api_base(self) -> str:
        """Every API path is appended to this URL, which has no slash at its end."""
        return self.base_of(API)

    def base_of(self, service: str) -> str:
        """Return the URL that every path of a service is appended to; raises ConfigError where none is set."""
        name = SERVICES[service]
        url: str = getattr(self, name)
        if not url:
            raise ConfigError(f"{name} is missing; set it beside api_url, or set region in place of both")
        return f"{url}/{self.project_key}"

    @property
    def is_local(self) -> bool:
        """Whether the API is a server on this machine, as the sandbox is: plain HTTP is allowed for no other."""
        return self.api_url is not None and self.api_url.startswith("http://")

    @property
    def project_name(self) -> str:
        """What stored states call the project: its key, behind the region where the host is the platform's own.

        Regions know nothing of each other (https://docs.commercetools.com/api/general-concepts#regions), so two
        projects may have one key.
        """
        return "/".join(filter(None, (region_of(self.api_url), self.project_key)))

    @property
    def token_url(self) -> str:
        """Where tokens come from."""
        return f"{self.auth_url}/oauth/token"

    @classmethod
    def from_mapping(cls, mapping: Mapping[str, Any], *, ignore_unknown: bool = False) -> Config:
        """Return the settings in `mapping`; None and blank values count as not given.

        Unknown keys are refused with the nearest legal name. `ignore_unknown` is for hosts that add
        keys of their own to a connector's settings, as Mage does.
        """
        if not isinstance(mapping, Mapping):
            raise ConfigError(f"settings must be a mapping, such as a dict, and not {type(mapping).__name__}")
        # A misspelt key is refused: its default would hold unnoticed, such as no start date.
        unknown = [] if ignore_unknown else [_unknown(key) for key in mapping if key not in SETTINGS]
        return cls._build(mapping, unknown)

    @classmethod
    def _build(cls, mapping: Mapping[str, Any], problems: list[str]) -> Config:
        given: dict[str, Any] = {name: mapping.get(name) for name in SETTINGS}
        try:
            config = cls(**given)
        except ConfigError as error:
            # One error for all, so that a person corrects the file once.
            raise ConfigError([*problems, *error.problems]) from None
        if problems:
            raise ConfigError(problems)
        return config

    @classmethod
    def from_env(cls, environ: Mapping[str, str]) -> Config:
        """Return the settings in `CTP_*` variables, named as the Merchant Center names them."""
        return cls.load(environ=environ)

    @classmethod
    def from_file(cls, path: str | Path) -> Config:
        """Return the settings in a `.env`, `.json` or `.toml` file."""
        return cls.load(path)

    @classmethod
    def load(
        cls,
        path: str | Path | None = None,
        environ: Mapping[str, str] | None = None,
        overrides: Mapping[str, Any] | None = None,
    ) -> Config:
        """Return the settings of a file, the environment and explicit values; the later one wins key by key.

        A region given later replaces URLs given earlier, so that `region` is never without effect.
        """
        content = SettingsFile({}) if path is None else read_settings_file(Path(path))
        return cls._merge(content, environ or {}, overrides or {})

    @classmethod
    def from_text(cls, text: str, name: str) -> Config:
        """Return the settings in a pasted text, lines of a `.env` or a JSON object; `name` is what errors call it."""
        return cls._merge(read_settings_text(text, name), {}, {})

    @classmethod
    def discover(
        cls, path: str | Path, environ: Mapping[str, str], overrides: Mapping[str, Any] | None = None
    ) -> Config:
        """Return the settings as `load` does, from a `.env` that may be missing or another program's.

        The file counts if it has `CTP_` variables. One that cannot be read is no mistake where the other settings
        are enough. Where there are none at all, the ConfigError says what to do first.
        """
        path, overrides = Path(path), overrides or {}
        content, unread = _read_if_ours(path)
        if not content.values:
            unread = unread or [f"no {path.name} with CTP_ variables is in {_folder_of(path)}"]
        try:
            return cls._merge(content, environ, overrides)
        except ConfigError as error:
            problems = error.problems
        if _lacks_any(problems):
            variables = [value for name, value in {**content.values, **environ}.items() if name.startswith("CTP_")]
            has_any = any(not is_blank(value) for value in [*variables, *map(overrides.get, _REQUIRED)])
            problems = (*problems, *unread) if has_any else (f"no settings: {'; '.join(unread)}. {_FIRST}", *problems)
        raise ConfigError(problems)

    @classmethod
    def _merge(cls, content: SettingsFile, environ: Mapping[str, str], overrides: Mapping[str, Any]) -> Config:
        from_file, misspelt = _settings_in(content)
        from_environ, misspelt_there = _variables(environ)
        merged: dict[str, Any] = {}
        for layer in (from_file, from_environ, overrides):
            given = {key: value for key, value in layer.items() if not is_blank(value)}
            # The layer below may have come with URLs (the .env of the Merchant Center has), which would win over the
            # region.
            if "region" in given:
                merged = {key: value for key, value in merged.items() if key not in _ENDPOINT}
            merged.update(given)
        unknown = [_unknown(key) for key in merged if key not in SETTINGS]
        try:
            return cls._build(merged, [*misspelt, *misspelt_there, *unknown])
        except ConfigError as error:
            problems = error.problems
        # A line that says nothing to us may be the missing setting, written wrongly.
        raise ConfigError([*content.foreign, *problems] if _lacks_any(problems) else problems)


def setting_of(name: str, path: Path | None, environ: Mapping[str, str]) -> Any:
    """Return one setting, for a command that needs no project, as `Config` has it; its default where it is not given.

    It comes from the environment, or else from a settings file; without `path`, from a `.env` as `Config.discover`
    has it. Raises ConfigError for a value that it cannot have, and for a file that cannot be read when it is needed.
    """
    given, problems = _variables(environ)
    if name not in given:
        content, unread = (read_settings_file(path), []) if path else _read_if_ours(Path(".env"))
        given, misspelt = _settings_in(content)
        # A misspelt name may be the one that is looked for, so nothing may be done without it.
        problems = [*unread, *problems, *misspelt]
    if problems:
        raise ConfigError(problems)
    return checked(name, given.get(name))


def checked(name: str, value: object) -> Any:
    """Return the value of one setting, typed; its default for a blank one. Raises ConfigError that shows no secret."""
    setting = SETTINGS[name]
    try:
        return setting.default if is_blank(value) else setting.parse(value)
    except ValueError as problem:
        raise ConfigError(f"{name} is {shown(Secret('') if setting.secret else value)}; {problem}") from None


def _read_if_ours(path: Path) -> tuple[SettingsFile, list[str]]:
    """Return what a `.env` says that may be missing or another program's, empty if it is; and why it was not read."""
    nothing = SettingsFile({}, is_environment=True)
    try:
        content = read_settings_file(path) if path.is_file() else nothing
    except ConfigError as error:
        return nothing, list(error.problems)
    except OSError as error:  # even asking whether there is a file may be forbidden
        return nothing, [f"the settings file {path} cannot be read: {error.strerror}"]
    return (content if any(name.startswith("CTP_") for name in content.values) else nothing), []


def _settings_in(content: SettingsFile) -> tuple[dict[str, Any], list[str]]:
    """Return the values of a settings file by the names of settings, and what `_variables` says of its variables."""
    if content.is_environment:
        return _variables(content.values)
    return {_NAMES.get(key, key): value for key, value in content.values.items()}, []


def _folder_of(path: Path) -> str:
    """Return the folder that `path` lies in, as a sentence names it."""
    try:
        return str(path.absolute().parent)
    except FileNotFoundError:
        return "the current folder, which has been removed"


def _lacks_any(problems: Iterable[str]) -> bool:
    return any(re.match(r"\w+ is missing", problem) for problem in problems)


def _check(raw: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """Return typed values of all settings and a sentence for each problem; no sentence holds the secret."""
    given = raw["client_secret"]
    secret = given.reveal() if isinstance(given, Secret) else given
    # A secret of digits alone may come as a number from TOML or JSON, and must be masked all the same.
    secret = str(secret).strip() if isinstance(secret, str) or shown(secret).isdecimal() else ""
    values: dict[str, Any] = {}
    problems: list[str] = []
    for name, setting in SETTINGS.items():
        value = raw[name]
        if is_blank(value) or (setting.zero_is_default and is_zero(value)):
            values[name] = setting.default
            if setting.required:
                problems.append(f"{name} is missing; {setting.elsewhere}")
            continue
        try:
            values[name] = setting.parse(value)
        except ValueError as problem:
            problems.append(f"{name} is {shown(Secret('') if setting.secret else value, secret)}; {problem}")
    # A region that is called wrong already says enough; that URLs are missing follows from it.
    if not any(problem.startswith(_ENDPOINT) for problem in problems):
        problems += resolve_endpoint(values, secret)
    # Without a key anybody could hash a list of known addresses and find them again.
    if not problems and not values["hash_key"] and _hashes(values):
        problems.append(
            f"hash_key is missing; {SETTINGS['hash_key'].elsewhere}: hashes of"
            " personal data need a key that nobody else knows"
        )
    return values, problems


def _hashes(values: Mapping[str, Any]) -> bool:
    return values["personal"] == "hash" or any(text.endswith("=hash") for text in values["personal_fields"])


def _unknown(key: object) -> str:
    hint = suggestion(key if isinstance(key, str) else "", SETTINGS, f"the settings are {', '.join(SETTINGS)}")
    return f"{shown(key)} is not a setting; {hint}"


def _variables(environ: Mapping[str, str]) -> tuple[dict[str, Any], list[str]]:
    """Return the settings among environment variables, and the `CTP_` names that are nearly one of ours.

    Other `CTP_*` variables belong to other tools for the platform and are left alone.
    """
    problems = []
    for variable in environ:
        if variable.startswith("CTP_") and variable not in _NAMES:
            # So near that it is one letter: CTP_ is a prefix of other tools too, whose variables are no mistakes.
            name = nearest(variable, _NAMES, cutoff=0.9)
            problems += [f"{shown(variable)} is not a setting; did you mean {name}?"] if name else []
    given = {name: environ[variable] for variable, name in _NAMES.items() if not is_blank(environ.get(variable))}
    return given, problems
