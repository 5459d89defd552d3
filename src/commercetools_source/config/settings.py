"""The table of settings: what each key means, its type, its default, and how a raw value is checked.

Pure: a value comes in as a person, a file or an environment variable wrote it and goes out typed, or
a sentence says what is legal. It knows neither files nor the environment (`config` does).
"""

from __future__ import annotations

import hmac
import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from commercetools_source.timestamps import parse_time

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["REGIONS", "SETTINGS", "Secret", "Setting", "is_blank", "is_zero", "shown"]

MASK = "***"

REGIONS: tuple[str, ...] = (
    "us-central1.gcp",
    "us-east-2.aws",
    "europe-west1.gcp",
    "eu-central-1.aws",
    "australia-southeast1.gcp",
)


class Secret:
    """A text that shows itself only to `reveal()`; `repr`, `str` and `format` give a mask.

    It can be pickled (a cluster's workers need it); what is pickled is the text itself.
    """

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """Return the text; hand it to the wire and to nothing else."""
        return self._text

    def __repr__(self) -> str:
        return f"Secret({MASK!r})"

    def __str__(self) -> str:
        return MASK

    def __format__(self, spec: str) -> str:
        return format(MASK, spec)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        ours, theirs = (secret._text.encode(errors="surrogatepass") for secret in (self, other))  # noqa: SLF001 - of this class
        return hmac.compare_digest(ours, theirs)

    def __hash__(self) -> int:
        return hash(self._text)

    def __bool__(self) -> bool:
        return bool(self._text)


_SPELLED = {"api": "API", "id": "ID", "url": "URL"}


@dataclass(frozen=True, slots=True)
class Setting:
    """One key: `parse` returns the typed value or raises `ValueError("it must be …")`."""

    name: str
    parse: Callable[[Any], Any]
    meaning: str
    type: Literal["string", "time", "integer", "number"] = "string"
    default: Any = None
    required: bool = False
    secret: bool = False
    zero_is_default: bool = False
    sample: str = ""
    """A value as an example, where the meaning does not name one."""
    aliases: tuple[str, ...] = ()
    """Other names of the environment variable, which `variable` wins over."""

    @property
    def variable(self) -> str:
        """Name of the environment variable."""
        return f"CTP_{self.name.upper()}"

    @property
    def title(self) -> str:
        """Name as a form shows it."""
        words = " ".join(_SPELLED.get(word, word) for word in self.name.split("_"))
        return words[0].upper() + words[1:]

    @property
    def shown_default(self) -> str:
        """Default as a page shows it; "" where there is none."""
        return "" if self.default in (None, (), "") else f"{self.default:g}"


def is_blank(value: object) -> bool:
    """Tell whether a value counts as not given: None, nothing but spaces, an empty list."""
    if isinstance(value, Secret):
        return not value
    if isinstance(value, str):
        return not value.strip()
    return value is None or (isinstance(value, (list, tuple)) and not value)


def is_zero(value: object) -> bool:
    """Tell whether a value is the number 0, as a number or as text."""
    if isinstance(value, str):
        return value.strip() in {"0", "0.0"}
    return isinstance(value, (int, float)) and not isinstance(value, bool) and value == 0


def shown(value: object, secret: str = "") -> str:
    """Return a value as an error may show it: quoted, short, and masked where it holds the secret."""
    items = value if isinstance(value, (list, tuple)) else (value,)
    try:
        text, texts = repr(value), [str(item) for item in items]
    except RecursionError:
        return "a value that nests too deeply"
    except ValueError:  # https://docs.python.org/3/library/stdtypes.html#int-max-str-digits
        return "a number of thousands of digits"
    # A password inside a URL is a secret too, and so is whatever contains ours.
    if isinstance(value, (Secret, dict)) or any("@" in text or (secret and secret in text) for text in texts):
        return MASK
    return text if len(text) <= 80 else f"{text[:76]}…{text[-1]}"  # noqa: PLR2004 - one line of a terminal


def _text(legal: str, pattern: str) -> Callable[[Any], str]:
    matcher = re.compile(pattern, re.ASCII)

    def parse(value: Any) -> str:
        if isinstance(value, str) and matcher.fullmatch(value.strip()):
            return value.strip()
        raise ValueError(f"it must be {legal}")

    return parse


def _secret(value: Any) -> Secret:
    text = value.reveal() if isinstance(value, Secret) else value
    if isinstance(text, str) and re.fullmatch(r"\S+", text.strip()) and text.strip().isprintable():
        return Secret(text.strip())
    raise ValueError("it must be the API client's secret: one word without spaces or line breaks")


def _url(value: Any) -> str:
    """Return the text of a URL; `config` checks it, because what is legal depends on the region."""
    if isinstance(value, str):
        return value.strip()
    raise ValueError("it must be a URL such as https://api.us-central1.gcp.commercetools.com")


def _number(legal: str, low: float, high: float, *, whole: bool = False) -> Callable[[Any], Any]:
    def parse(value: Any) -> float:
        try:
            number = float(value) if isinstance(value, (str, int, float)) and not isinstance(value, bool) else math.nan
        except (ValueError, OverflowError):
            number = math.nan
        if not low <= number <= high or (whole and not number.is_integer()):
            raise ValueError(f"it must be {legal}")
        return int(number) if whole else number

    return parse


def _scopes(value: Any) -> tuple[str, ...]:
    words = value.split() if isinstance(value, str) else value
    scope = re.compile(r"[a-z_]+:[A-Za-z0-9_-]+(:[\w.-]+)?", re.ASCII)
    if isinstance(words, (list, tuple)) and all(isinstance(word, str) and scope.fullmatch(word) for word in words):
        return tuple(words)
    raise ValueError("it must be scopes such as 'view_orders:my-project', as a list or separated by spaces")


# One label of a host name: nothing in it can end the host or begin another part of a URL.
_LABEL = r"[a-z0-9]+(-[a-z0-9]+)*"

_ALL: tuple[Setting, ...] = (
    Setting(
        "project_key",
        _text("the project's key: 2 to 36 letters, digits, '-' or '_'", r"[A-Za-z0-9_-]{2,36}"),
        "The project's key.",
        required=True,
        sample="projectkey",
    ),
    Setting(
        "client_id",
        _text("the API client's id: letters, digits and -._~", r"[A-Za-z0-9._~-]{1,256}"),
        "The API client's id.",
        required=True,
        sample="abcdefg",
    ),
    Setting(
        "client_secret",
        _secret,
        "The API client's secret; never shown again.",
        required=True,
        secret=True,
        sample="abcdefghijklmnopqrstuvwxyz",
    ),
    Setting(
        "region",
        _text(f"one of {', '.join(REGIONS)}", rf"{_LABEL}(\.{_LABEL})?"),
        f"Where the project lives: {', '.join(f'`{region}`' for region in REGIONS)}.",
        sample="us-central1",
    ),
    Setting(
        "host",
        _text("gcp or aws", _LABEL),
        "`gcp` or `aws`, where `region` has only its first part.",
        sample="gcp",
    ),
    Setting("api_url", _url, "URL of the API without the project key, in place of a region's.", default=""),
    Setting(
        "auth_url",
        _url,
        "URL of the authorization server without `/oauth/token`, in place of a region's.",
        default="",
    ),
    Setting(
        "scopes",
        _scopes,
        "Scopes to ask for; by default the token has all that the API client has.",
        default=(),
        aliases=("CTP_SCOPE",),
    ),
    Setting("start_date", parse_time, "Records last changed before this date or time are left out.", "time"),
    Setting(
        "page_size",
        _number("a whole number from 1 to 500", 1, 500, whole=True),
        "Records in one page, 1 to 500.",
        "integer",
        default=500,
    ),
    Setting(
        "concurrency",
        _number("a whole number from 1 to 20", 1, 20, whole=True),
        "Concurrent requests, 1 to 20.",
        "integer",
        default=20,
    ),
    Setting(
        "request_timeout",
        _number("seconds, up to 3600; 0 means the default", 0.001, 3600),
        "Seconds to wait for an answer; 0 means the default.",
        "number",
        default=60.0,
        zero_is_default=True,
    ),
    Setting(
        "retry_seconds",
        _number("seconds from 0 to 86400", 0, 86400),
        "Seconds for which one request is repeated after failures; 0 means never.",
        "number",
        default=300.0,
    ),
    Setting(
        "settle_seconds",
        _number("seconds from 0 to 86400", 0, 86400),
        "How far behind the server's clock a run stops, so that late commits are not missed.",
        "number",
        default=300.0,
    ),
    Setting(
        "lookback_seconds",
        _number("seconds from 0 to 604800", 0, 604800),
        "How far before the last run's end the next one starts to read.",
        "number",
        default=600.0,
    ),
)

SETTINGS: Mapping[str, Setting] = {setting.name: setting for setting in _ALL}
