"""The settings of one project, checked as a whole: from a mapping, the environment, a file, or all three.

Every wrong or missing key is reported in one `ConfigError`. It does no network work; of the file
system it reads only the settings file it is told to read.
"""

from __future__ import annotations

import difflib
import ipaddress
import re
import sys
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import msgspec

from commercetools_source.errors import ConfigError
from commercetools_source.settings import REGIONS, SETTINGS, Secret, is_blank, shown

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = ["Config", "Secret"]

_NAMES = {setting.variable: name for name, setting in SETTINGS.items()}
_PLACE = ("region", "host", "api_url", "auth_url")


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """Settings of one project; whoever holds one knows that every value is legal.

    Raw values (`"500"`, a plain string as secret, `"us-central1.gcp"`) are accepted and typed;
    `api_url` and `auth_url` are always filled, from the region where they were not given.
    `start_date` is UTC with milliseconds (`2026-01-31T00:00:00.000Z`); times are seconds.
    Raises `ConfigError` that names every wrong key at once.
    """

    project_key: str
    client_id: str
    client_secret: Secret
    region: str | None = None
    host: str | None = None
    api_url: str = ""
    auth_url: str = ""
    scopes: tuple[str, ...] = ()
    start_date: str | None = None
    page_size: int = 500
    concurrency: int = 20
    request_timeout: float = 60.0
    retry_seconds: float = 300.0
    settle_seconds: float = 300.0
    lookback_seconds: float = 600.0

    def __post_init__(self) -> None:
        raw = {field.name: getattr(self, field.name) for field in fields(self)}
        values, problems = _check(raw)
        if problems:
            raise ConfigError(problems)
        for name, value in values.items():
            object.__setattr__(self, name, value)

    @property
    def api_base(self) -> str:
        """Every API path is appended to this URL, which has no slash at its end."""
        return f"{self.api_url}/{self.project_key}"

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
        unknown = [] if ignore_unknown else [_unknown(key) for key in mapping if key not in SETTINGS]
        return cls._build(mapping, unknown)

    @classmethod
    def _build(cls, mapping: Mapping[str, Any], problems: list[str]) -> Config:
        given: dict[str, Any] = {name: mapping.get(name) for name in SETTINGS}
        try:
            config = cls(**given)
        except ConfigError as error:
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
        merged: dict[str, Any] = {}
        from_file, wrong = _read(Path(path)) if path else ({}, [])
        from_environ, misspelt = _variables(environ or {})
        for layer in (from_file, from_environ, overrides or {}):
            given = {key: value for key, value in layer.items() if not is_blank(value)}
            if "region" in given:
                merged = {key: value for key, value in merged.items() if key not in _PLACE}
            merged.update(given)
        unknown = [_unknown(key) for key in merged if key not in SETTINGS]
        return cls._build(merged, [*wrong, *misspelt, *unknown])


def _check(raw: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """Return typed values of all settings and a sentence for each problem; no sentence holds the secret."""
    given = raw["client_secret"]
    secret = (given.reveal() if isinstance(given, Secret) else str(given or "")).strip()
    values: dict[str, Any] = {}
    problems: list[str] = []
    for name, setting in SETTINGS.items():
        value = raw[name]
        if is_blank(value) or (setting.zero_is_default and str(value).strip() in {"0", "0.0"}):
            values[name] = setting.default
            if setting.required:
                problems.append(f"{name} is missing; set it in the settings file or as {setting.variable}")
            continue
        try:
            values[name] = setting.parse(value)
        except ValueError as problem:
            is_secret = name == "client_secret"
            problems.append(f"{name} is {shown(Secret('') if is_secret else value, secret)}; {problem}")
    if not any(problem.startswith(_PLACE) for problem in problems):
        problems += _place(values, secret)
    return values, problems


def _place(values: dict[str, Any], secret: str) -> list[str]:
    """Fill region, host, api_url and auth_url in `values` from each other; return what is wrong with them."""
    region, host, problem = _region(values["region"], values["host"], secret)
    if problem:
        return [problem]
    values["region"], values["host"] = region, host
    problems = []
    for name, service in (("api_url", "api"), ("auth_url", "auth")):
        url = values[name]
        official = f"https://{service}.{region}.{host}.commercetools.com" if region else ""
        if is_blank(url):
            url = official or (_auth_beside(values["api_url"]) if name == "auth_url" else "")
            if not url:
                continue
        text, reason = _url(str(url).strip(), values.get("project_key") or "")
        if not reason and official and text != official and text.endswith(".commercetools.com"):
            reason = f"it is not the one of region {region}.{host}; leave one of the two out"
        values[name] = text
        if reason:
            problems.append(f"{name} is {shown(url, secret)}; {reason}")
    if not problems and not (values["api_url"] and values["auth_url"]):
        problems.append(f"region is missing; it must be one of {', '.join(REGIONS)}; or set api_url and auth_url")
    return problems


def _region(region: str | None, host: str | None, secret: str) -> tuple[str | None, str | None, str]:
    """Return the two parts of a known region, or the sentence that says why not."""
    if region is None:
        lone = f"host is {shown(host, secret)} but region is missing; region must be one of {', '.join(REGIONS)}"
        return None, None, lone if host else ""
    first, _, second = region.partition(".")
    if second and host and second != host:
        return None, None, f"region is {shown(region, secret)} but host is {shown(host, secret)}; leave host out"
    whole = f"{first}.{second or host or ''}".rstrip(".")
    if whole not in REGIONS:
        legal = f"it must be one of {_nearest_first(whole, REGIONS)}; for any other place set api_url and auth_url"
        return None, None, f"region is {shown(whole, secret)}; {legal}"
    return first, second or host, ""


def _url(text: str, project_key: str) -> tuple[str, str]:
    """Return the URL without a slash at its end, and why it cannot be used ("" if it can)."""
    text = text.rstrip("/")
    try:
        parts = urlsplit(text)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return text, "it must be a URL such as https://api.us-central1.gcp.commercetools.com"
    pattern = r"https?://[A-Za-z0-9.:\[\]-]+(/[A-Za-z0-9._~/-]*)?"
    if not re.fullmatch(pattern, text, re.ASCII) or not host or port == 0 or "/.." in parts.path:
        return text, "it must be https:// and a host, without user, query or fragment"
    if parts.scheme != "https" and not _is_loopback(host):
        return text, "it must be https://, because the secret would travel readable (http:// is for this machine only)"
    if project_key and parts.path.endswith(f"/{project_key}"):
        return text, "it must not end with the project key"
    if parts.path.endswith("/oauth/token"):
        return text, "it must not end with /oauth/token"
    return text, ""


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _auth_beside(api_url: str | None) -> str:
    """Return the authorization server of a platform's own API host, or "" for any other host."""
    found = re.fullmatch(r"https://api\.([a-z0-9.-]+\.commercetools\.(?:com|cn))/*", (api_url or "").strip())
    return f"https://auth.{found[1]}" if found else ""


def _nearest_first(word: str, legal: Iterable[str]) -> str:
    options = list(legal)
    near = difflib.get_close_matches(word, options, n=1)
    return ", ".join([*near, *(option for option in options if option not in near)])


def _unknown(key: object) -> str:
    near = difflib.get_close_matches(str(key), SETTINGS, n=1)
    hint = f"did you mean {near[0]}?" if near else f"the settings are {', '.join(SETTINGS)}"
    return f"{shown(key)} is not a setting; {hint}"


def _variables(environ: Mapping[str, str]) -> tuple[dict[str, Any], list[str]]:
    """Return the settings among environment variables, and the `CTP_` names that are nearly one of ours.

    Other `CTP_*` variables belong to other tools for the platform and are left alone.
    """
    problems = []
    for variable in environ:
        near = difflib.get_close_matches(variable, _NAMES, n=1, cutoff=0.9)
        if variable.startswith("CTP_") and variable not in _NAMES and near:
            problems.append(f"{shown(variable)} is not a setting; did you mean {near[0]}?")
    return {name: environ[variable] for variable, name in _NAMES.items() if variable in environ}, problems


def _read(path: Path) -> tuple[dict[str, Any], list[str]]:
    """Return what a settings file says, its keys as ours, and its misspelt keys."""
    kind = ".env" if path.name.startswith(".env") else path.suffix.lower()
    if kind not in {".env", ".json", ".toml"}:
        raise ConfigError(f"{path} cannot be read as settings; its name must end in .env, .json or .toml")
    text = _contents(path)
    if kind == ".env":
        return _variables(_dotenv(text, path))
    found = _decode(text, kind, path)
    if not isinstance(found, dict):
        raise ConfigError(f"the settings file {path} must hold one object of settings, not {type(found).__name__}")
    return {_NAMES.get(str(key), str(key)): value for key, value in found.items()}, []


def _contents(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise ConfigError(f"the settings file {path} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        pass  # raised below: the decoder's exception holds the file's bytes, secret included
    raise ConfigError(f"the settings file {path} is not UTF-8 text")


def _decode(text: str, kind: str, path: Path) -> Any:
    problem = ""
    try:
        if kind == ".json":
            return msgspec.json.decode(text)
        return _toml(text)
    except ModuleNotFoundError:
        problem = "needs Python 3.11 or `pip install 'commercetools-source[cli]'`; JSON and .env need neither"
    except ValueError as error:
        # Only the message: an exception of a parser may keep the whole text, secret included.
        problem = f"is not valid {kind[1:].upper()}: {error}"
    raise ConfigError(f"the settings file {path} {problem}")


def _toml(text: str) -> dict[str, Any]:
    if sys.version_info >= (3, 11):
        import tomllib
    else:
        import tomli as tomllib  # comes with the extra `cli`
    return tomllib.loads(text)


def _dotenv(text: str, path: Path) -> dict[str, str]:
    """Return the variables of a `.env` file: `NAME=value` lines, optional quotes, `export` and comments."""
    found: dict[str, str] = {}
    line_form = re.compile(r"""(?:export\s+)?(\w+)\s*=\s*(?:"([^"]*)"|'([^']*)'|(.*?))(?:\s+#.*)?""", re.ASCII)
    for number, line in enumerate(text.splitlines(), start=1):
        stripped = line.strip()
        if not stripped or stripped.startswith("#"):
            continue
        match = line_form.fullmatch(stripped)
        if match is None:
            raise ConfigError(f"line {number} of the settings file {path} is not NAME=value")
        name, *forms = match.groups()
        found[str(name)] = next((form for form in forms if form is not None), "")
    return found
