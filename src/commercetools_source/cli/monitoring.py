"""Who is told of runs besides the person who started them: a watchdog by HTTP, Prometheus by a file."""

from __future__ import annotations

import time
from base64 import b64encode
from http import HTTPStatus
from typing import TYPE_CHECKING, Literal
from urllib.parse import unquote_to_bytes, urljoin, urlsplit, urlunsplit

from commercetools_source.cli.output import UNFINISHED, say
from commercetools_source.cli.values import refuse_foreign, refuse_place
from commercetools_source.errors import CommercetoolsError, ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from commercetools_source.report.tally import Tally
    from commercetools_source.sync import Summary

__all__ = ["Monitors"]

_SECONDS = 10.0
"""Without a byte of its answer, after which a check is left alone."""
_ATTEMPTS = 2
_REDIRECTS = 3
_SIGN = b"# HELP commercetools_source_"
_LONGEST = 100_000
"""Characters of a message that Healthchecks keeps (https://healthchecks.io/docs/attaching_logs/)."""


class Monitors:
    """Tells of each run: `ping` is the URL of a check (https://healthchecks.io/docs/http_api/), `metrics` a file.

    A watchdog that cannot be reached, or a file that cannot be written, is said and fails no run. Raises ConfigError
    for a URL that is none, for a file in no folder, and for a file that is there and not of an earlier run.
    """

    def __init__(self, ping: str | None, metrics: Path | None) -> None:
        if ping is not None and not _is_url(ping):
            raise ConfigError("--ping must be a URL such as https://hc-ping.com/your-uuid, all in ASCII")
        if metrics is not None:
            refuse_place(metrics, "--metrics", _SIGN)
        self._ping = ping
        self._metrics = metrics

    def started(self) -> None:
        """Tell that a run begins."""
        # From here on a run's time is measured, and an end that does not follow is an alarm
        # (https://healthchecks.io/docs/measuring_script_run_time/).
        self._send("/start", "")

    def ended(self, summary: Summary, tally: Tally, text: str, status: int) -> None:
        """Tell how a run ended, in a `text` for people and by its exit status."""
        # A run that --minutes ended went well as far as it went: nobody must be called.
        self._send("" if status in {0, UNFINISHED} else "/fail", text)
        self._write(summary, tally)

    def failed(self, reason: str) -> None:
        """Tell that a run failed as a whole."""
        self._send("/fail", reason)
        self._write(None, None)

    def _send(self, signal: Literal["/start", "", "/fail"], text: str) -> None:
        if self._ping is None:
            return
        address = urlsplit(self._ping)
        # The signal belongs to the path: a query, such as `?rid=`, stays behind it.
        public = address._replace(netloc=address.netloc.rpartition("@")[2], path=f"{address.path.rstrip('/')}{signal}")
        headers = {}
        if address.username is not None:
            user = b":".join(unquote_to_bytes(part or "") for part in (address.username, address.password))
            headers["Authorization"] = f"Basic {b64encode(user).decode()}"
        for _ in range(_ATTEMPTS):
            begun = time.monotonic()
            reason = _refusal(urlunsplit(public), text[:_LONGEST].encode(errors="replace"), headers)
            if reason is None:
                return
            # The run, or the next one, waits meanwhile.
            if time.monotonic() - begun > _SECONDS / 2:
                break
        say(f"the check of --ping was not told: {reason}")

    def _write(self, summary: Summary | None, tally: Tally | None) -> None:
        if self._metrics is None:
            return
        from commercetools_source.destinations.store.atomic import replace_file
        from commercetools_source.report.metrics import metrics_text

        text = metrics_text(summary, tally, time.time()).encode()
        try:
            refuse_foreign(self._metrics, "--metrics", _SIGN)  # the run may have made its destination there
            replace_file(self._metrics, lambda out: out.write(text))
        except ConfigError as error:
            say(f"no metrics were written: {error}")
        except OSError as error:
            say(f"--metrics was not written: {error.strerror or error}")


def _is_url(text: str) -> bool:
    try:
        address = urlsplit(text)
        host = (address.hostname or "").encode("idna")
        # What else may stand in one is written by its number: https://datatracker.ietf.org/doc/html/rfc3986#section-2
        written = text.isascii() and text.isprintable() and " " not in text
        return address.scheme in {"http", "https"} and bool(host) and address.port != 0 and written
    except ValueError:  # half of an IPv6 address, a port that is none, a host with an empty label
        return False


def _refusal(url: str, text: bytes, headers: Mapping[str, str]) -> str | None:
    """Send `text` to `url`; return why that failed, never with the URL: who knows it can ping."""
    from urllib3.exceptions import HTTPError

    from commercetools_source.http.connections import Connections
    from commercetools_source.http.exchange import is_good
    from commercetools_source.http.faults import cause_of

    # Not of the client: its budget of requests and its retries are for the platform.
    connections = Connections(idle=1, timeout=_SECONDS)
    end, method, body = time.monotonic() + _SECONDS, "POST", text
    try:
        for _ in range(1 + _REDIRECTS):
            answer = connections.towards(url).request(
                method, url, body=body, headers=headers, retries=False, redirect=False, preload_content=False
            )
            # Unread, also where it redirects, which urllib3 by itself would read to an end that need not come.
            answer.close()
            location = answer.get_redirect_location()
            if not location or time.monotonic() > end:
                break
            # Another server is not to know the password.
            if urlsplit(target := urljoin(url, location)).netloc != urlsplit(url).netloc:
                headers = {}
            if answer.status == HTTPStatus.SEE_OTHER:
                method, body = "GET", b""
            url = target
        return None if is_good(answer.status) else f"it answers {answer.status}"
    except ConfigError as error:  # of a proxy or certificates that cannot be used
        return str(error)
    except ValueError:  # of urllib and of urllib3
        return "it redirects to what is no URL"
    except (HTTPError, CommercetoolsError, OSError) as error:
        return cause_of(error)
    finally:
        connections.close()
