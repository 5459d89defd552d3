"""The command `doctor`: what the platform does where its documentation leaves doubts."""

import typer

from commercetools_source.cli import options
from commercetools_source.cli.output import show
from commercetools_source.cli.values import CONTACT_SECONDS, names_of, settings_of

app = typer.Typer()


@app.command()
def doctor(config: options.Settings = None, streams: options.Streams = None, as_json: options.Json = False) -> None:
    """Look at what is doubted about the platform. A report to paste, without data or secrets; changes nothing."""
    from commercetools_source import __version__
    from commercetools_source.client import Client
    from commercetools_source.report.doctor import DoctorReport
    from commercetools_source.sync.doctor import diagnose

    with Client(settings_of(config), contact_seconds=CONTACT_SECONDS) as client:
        report = DoctorReport(diagnose(client, names_of(streams)), __version__)
    show(report, as_json=as_json)
    # 1 where the platform does other than what extraction relies on, so that a scheduled run of it can raise an alarm.
    raise typer.Exit(0 if report.diagnosis.expected else 1)
