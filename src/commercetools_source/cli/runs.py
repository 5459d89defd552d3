"""What `sync` does once its options are read: one run, or one after another."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from commercetools_source.cli.output import drawn, is_setting, say, say_error, tell, watched
from commercetools_source.errors import CommercetoolsError, ConfigError, DestinationError, InUseError, printable

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from commercetools_source.cli.choice import Choice
    from commercetools_source.cli.monitoring import Monitors
    from commercetools_source.cli.reporting import Reporting
    from commercetools_source.client import Client
    from commercetools_source.config import Config
    from commercetools_source.events import Event, Hook
    from commercetools_source.extract.delivery import Destination
    from commercetools_source.frontends.signals import Stopper
    from commercetools_source.sync.repeat import Repetition, Rhythm

__all__ = ["Job", "carry_out", "publishing"]


@dataclass(frozen=True, slots=True)
class Job:
    """One run as it was asked for: `options` are the keywords of `sync` apart from its streams.

    `make` returns its destination, a new one for each run, so that a run tells only what it noticed itself.
    `wait`: seconds for a destination that is in use. `publish`: where a copy for readers goes after a good run.
    `reporting` writes a page after each run. `look`: a command that shows a person the result.
    """

    make: Callable[[], Destination]
    choice: Choice
    options: Mapping[str, Any]
    monitors: Monitors
    wait: float = 0.0
    publish: Path | None = None
    reporting: Reporting | None = None
    look: str = ""
    as_json: bool = False
    verbose: bool = False
    quiet: bool = False


class _Relay:
    """The hook of a client that outlives its runs: passes on to that of the run under way."""

    def __init__(self) -> None:
        # Between two runs there is no display: the client may ask for a token then.
        self.hook: Hook | None = None

    def __call__(self, event: Event) -> None:
        if self.hook is not None:
            self.hook(event)


def publishing(target: Destination, path: Path | None) -> Path | None:
    """Return where a copy of `target` goes; raises ConfigError and DestinationError when there can be none of it."""
    from commercetools_source.destinations import DESTINATIONS
    from commercetools_source.destinations.row import Ability, choice, having
    from commercetools_source.extract.abilities import Publishable

    if path is None:
        return None
    if not isinstance(target, Publishable):
        copied = choice(having(DESTINATIONS, Ability.PUBLISH))
        raise ConfigError(f"--publish copies {copied}; {target.name} may be read while a run writes to it")
    # Before the first run, where a mistake costs seconds and not the hours of a full read.
    target.check_publish(path)
    return path


def carry_out(settings: Config, job: Job, rhythm: Rhythm | None) -> int:
    """Do a job once, or as `rhythm` says until a signal comes, and return the exit status of the last run.

    A run that fails as a whole ends the command, unless others follow it: then it is told. Wrong settings end it.
    """
    from commercetools_source.client import Client
    from commercetools_source.frontends.signals import stopping
    from commercetools_source.sync.repeat import Repetition, Rhythm

    relay = _Relay()
    # One client for all runs: its connections and its token are kept, which lives for two days unless the client has
    # another time (https://docs.commercetools.com/api/authorization#client-credentials-flow).
    with Client(settings, hook=relay) as client, stopping() as stopper:
        process = _Process(job, client, relay, Repetition(), stopper, rhythm, full=bool(job.options.get("full")))

        def run() -> bool:
            job.monitors.started()
            try:
                return process.run()
            except CommercetoolsError as error:
                job.monitors.failed(str(error))
                if job.reporting is not None:
                    job.reporting.failed(str(error))
                # What is wrong for all runs that could follow: nobody reads standard output any more, for one.
                unwritten = isinstance(error, DestinationError) and error.errno is not None
                if rhythm is None or unwritten or is_setting(error):
                    raise
                say_error(error)
                process.status = 1
                return isinstance(error, InUseError)  # it will be free again, and the platform is well

        # One run is a repetition of one: signals, waiting and the exit status follow the same lines in both cases.
        process.repetition.go(run, rhythm or Rhythm(0.0, runs=1))
    return 128 + stopper.signal if stopper.signal else process.status


@dataclass(slots=True)
class _Process:
    """What outlives the runs of a command. `full`: whether the next one reads everything; `status`: of the last one."""

    job: Job
    client: Client
    relay: _Relay
    repetition: Repetition
    stopper: Stopper
    rhythm: Rhythm | None
    full: bool
    names: list[str] | None = None
    resolved: bool = False
    status: int = 0

    def run(self) -> bool:
        """Do one run and tell how it ended; return whether no stream failed."""
        from commercetools_source.catalog.streams import streams_of
        from commercetools_source.extract.abilities import Publishable
        from commercetools_source.report.run import RunReport
        from commercetools_source.sync import sync

        job, target = self.job, self.job.make()
        self.stopper.arm(None)  # until something is read a signal ends all at once
        if not self.resolved:
            # Once for all runs: which streams a job has must not change while it goes on.
            self.names, self.resolved = job.choice.resolve(self.client), True
        # Only for who looks on: a program that reads lines waits for no request that it does not need.
        totals = watched() and not (job.quiet or job.verbose)
        options = {**job.options, "streams": self.names, "full": self.full, "on_stoppable": self._arm, "totals": totals}
        with drawn(len(streams_of(self.names)), verbose=job.verbose, quiet=job.quiet) as tally:
            self.relay.hook = tally
            hook = tally if job.reporting is None else job.reporting.begin(tally)
            summary = self.repetition.when_free(
                lambda: sync(self.client, target, **options, hook=hook),
                job.wait,
                lambda reason: say(f"waiting: {printable(reason)}"),
            )
        report = RunReport(summary, target.name, tally, job.look, full=self.full)
        if self.full:
            # Where no other run follows by itself, a person is told to do the same once more about what failed.
            follows = self.rhythm is not None
            lacking = [row.stream for row in summary.outcomes if row.error is not None and (row.stopped or follows)]
            _leave_to_next(job.make(), lacking)
        # `--full` is for the first run; the ones after it read what has changed.
        self.full = False
        self.status = tell(report, as_json=job.as_json, quiet=job.quiet)
        good = all(outcome.error is None or outcome.stopped for outcome in summary.outcomes)
        # Readers keep the copy of before, which is whole, until a run was whole.
        if good and not summary.stopped and job.publish is not None and isinstance(target, Publishable):
            target.publish(job.publish)
        if job.reporting is not None:
            job.reporting.ended(report)
        job.monitors.ended(summary, tally, report.text(), self.status)
        return good

    def _arm(self, stop: Callable[[], None]) -> None:
        # A signal ends the repetition, and that the run under way: otherwise the next run would begin.
        self.repetition.arm(stop)
        self.stopper.arm(self.repetition.stop)


def _leave_to_next(target: Destination, lacking: Sequence[str]) -> None:
    """Let the next run read from their start those streams that a full one did not come to, as after `state reset`."""
    from commercetools_source.catalog.streams import find
    from commercetools_source.extract.abilities import StateStore

    if not lacking or not isinstance(target, StateStore):
        return
    try:
        states = target.open()
        for name in lacking:
            # A read that was begun goes on by itself; states of other stores are not ours to drop.
            if name in states and states[name].mode != "full" and not states[name].others:
                target.reset(find(name))
    finally:
        target.close()
