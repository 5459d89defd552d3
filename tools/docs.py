"""Write the pages that say what the code says: settings, commands, tables. `make docs` runs it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import typer.main

from commercetools_source.cli.app import app
from commercetools_source.destinations import DESTINATIONS
from commercetools_source.destinations.row import Ability, DestinationType
from docs_airbyte import metadata_file
from docs_architecture import architecture, picture
from docs_errors import troubleshooting
from docs_llms import llms_text
from docs_personal import personal_page
from docs_python import python_page
from docs_records import records
from docs_settings import settings_files, settings_rows
from docs_tables import table_pages

DOCS = Path(__file__).parent.parent / "docs"


def pages() -> dict[str, str]:
    """Return the text of each generated page by its path below docs/."""
    written = {
        "configuration.md": configuration(),
        "cli.md": commands(),
        **table_pages(),
        "architecture.md": architecture(),
        "architecture.svg": picture(),
        "troubleshooting.md": troubleshooting(),
        "personal-data.md": personal_page(),
        "python.md": python_page(),
        "../src/commercetools_source/records.py": records(),
        **{f"../{path}": text for path, text in {**settings_files(), **metadata_file()}.items()},
    }
    return {**written, "llms.txt": llms_text(written)}


def configuration() -> str:
    """Return the page of settings."""
    return _CONFIGURATION.replace("ROWS", settings_rows())


def commands() -> str:
    """Return the page of commands and options."""
    group: Any = typer.main.get_command(app)
    parts = [_COMMANDS.replace("DESTINATIONS", "\n".join(map(_destination, DESTINATIONS)))]
    for name, command in _flat(group):
        options = [_option(one) for one in command.params if one.name != "help"]
        parts.append(f"## {name}\n{command.help}\n\n" + "\n".join(options))
    return "\n\n".join(parts) + "\n"


def _destination(row: DestinationType) -> str:
    abilities = "; ".join(ability.value for ability in Ability if ability in row.abilities)
    forms = ", ".join(f"`{form}`" for form in row.forms())
    return f"| {row.label} | {forms} | `{row.default}` | {abilities} | {row.extra and f'`{row.extra}`'} |"


def _flat(group: Any, before: str = "") -> list[tuple[str, Any]]:
    """Return the commands of a group by their whole names, those of groups inside it included."""
    found = []
    for name, command in group.commands.items():
        inside = hasattr(command, "commands")
        found += _flat(command, f"{before}{name} ") if inside else [(f"{before}{name}", command)]
    return found


def _option(option: Any) -> str:
    if option.param_type_name == "argument":
        return f"- `{option.metavar}`: {option.help.rstrip('.')}."
    value = f" {option.metavar}" if not option.is_flag else ""
    default = f" (default: `{option.default}`)" if option.default not in (None, False) else ""
    return f"- `{', '.join([*option.opts, *option.secondary_opts])}{value}`: {option.help.rstrip('.')}{default}."


_CONFIGURATION = """\
# Settings

<!-- written by `make docs` from src/commercetools_source/config/settings.py -->

| key | environment variable | default | meaning |
|---|---|---|---|
ROWS

A settings file is a `.env` (the one that the Merchant Center offers when an API client is created), a JSON object
or a TOML file (Python 3.11, or the extra `cli`). What stands in the environment wins over the file, and what is
given on the command line wins over both. A region given later replaces URLs given earlier. Without `--config`, the
`.env` of the current folder is read if it has `CTP_` variables; lines of it that are not NAME=value and have nothing to
do with commercetools are left alone. UTF-16 files, which some Windows shells write, are read if they have their mark.

A name that comes twice is refused, and its values are not shown: `CTP_` variables of a `.env`, and names with two
values in any JSON that is handed over (settings, the config, catalog and state of Singer and Airbyte). A pipe may take
the place of the file, as shells make it of `--config <(vault read ...)`: it says the lines of a `.env` or a JSON
object. It is given up when nobody has written into it for a minute, and so is one in place of a catalog or state.

    # shop.toml
    region = "europe-west1.gcp"
    project_key = "my-shop"
    client_id = "…"
    client_secret = "…"

The six variables of the Merchant Center are enough: `CTP_PROJECT_KEY`, `CTP_CLIENT_ID`, `CTP_CLIENT_SECRET`,
`CTP_API_URL`, `CTP_AUTH_URL`, `CTP_SCOPES`.

- **Region.** `region` may be one word (`us-central1.gcp`) or two keys, `region` and `host` (`us-central1` and
  `gcp`). Any other place, such as China or a private proxy, is reached with `api_url` and `auth_url`, without
  project key and without `/oauth/token`.
- **Plain http** is accepted for this machine only (`localhost`, 127.0.0.0/8, `::1`), because the secret travels in
  the request.
- **Proxies and certificates** are found as `requests` finds them: `HTTPS_PROXY`, `HTTP_PROXY` and `ALL_PROXY`
  (`http://user:password@proxy.example:3128`; `socks5h://` with the package PySocks), exceptions in `NO_PROXY` (names,
  addresses, networks such as `10.0.0.0/8`; an address may have a port, which `requests` overlooks), trusted
  certificates in `REQUESTS_CA_BUNDLE` or `CURL_CA_BUNDLE`. They hold for buckets, too.
- **What a run keeps** of one destination is no setting but an option of `sync`: `--history`, `--retain`, `--where`.
  A DuckDB file and a Parquet folder remember their history, so that later runs go on with it without the option. A
  setting is for every front-end, and Singer, Airbyte, dlt, Mage and Spark write their tables themselves.
- **Mistakes.** All wrong and missing keys are reported together, with the legal values. The secret is never shown:
  it is masked in every text, and a wrong value that contains it is masked too. Unknown keys are refused with the
  nearest known name; a `CTP_*` variable is refused only if it nearly is one of these.
"""

_COMMANDS = """\
# Commands

<!-- written by `make docs` from src/commercetools_source/cli/commands -->

`commercetools-source COMMAND`, or `python -m commercetools_source COMMAND`. Results go to standard output, progress
and messages to standard error. A terminal gets a display in place (without colours where `NO_COLOR` is set),
anything else gets lines.

| exit status | means |
|---|---|
| 0 | complete |
| 1 | failed, or not everything could be read or compared equal; a later run goes on from what was kept |
| 2 | wrong settings or usage; a refused client id or secret is one, a package that is not installed too |
| 3 | not finished in the time that `--minutes` gave; the next run goes on |
| 130, 143, 129 | stopped by Ctrl-C, SIGTERM or SIGHUP (not under `nohup`), with everything kept that was read |

## Destinations
What stands after `--destination`. A name with a colon that is none of these is refused; write `./` before a file of
such a name.

| destination | forms | if nothing follows the name | besides storing records it can | extra to install |
|---|---|---|---|---|
DESTINATIONS"""

if __name__ == "__main__":
    DOCS.mkdir(exist_ok=True)
    for name, text in pages().items():
        (DOCS / name).parent.mkdir(exist_ok=True)
        (DOCS / name).write_text(text, encoding="utf-8")
        print(f"docs/{name}".replace("docs/../", ""))
