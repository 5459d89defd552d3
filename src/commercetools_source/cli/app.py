"""The command line `commercetools-source`: its options, and its commands from the files of `commands`.

What a program may read goes to standard output, everything else to standard error. Exit status: 0
done, 1 failed or not complete, 2 wrong settings or usage, 3 not finished in the time given, 130, 143 and 129 stopped
by Ctrl-C, SIGTERM or SIGHUP.
"""

# typer reads annotations while the program runs: they must be types and not text, so no `from __future__` here.

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from functools import cache
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from typing import Annotated

import typer
from typer.main import get_command

from commercetools_source.cli import commands
from commercetools_source.cli.output import is_setting, say, say_error
from commercetools_source.errors import CommercetoolsError, ConfigError
from commercetools_source.errors.extras import lacking_text, needs

__all__ = ["app", "run"]

app = typer.Typer(
    name="commercetools-source",
    help="Copies a commercetools project, whole and then change by change, into DuckDB, a lake, Parquet or JSON lines."
    " Begin with `init`, then `sync`; `demo` needs no account.",
    context_settings={"help_option_names": ["-h", "--help"]},
    # Without this typer says no more than `Missing command.`
    no_args_is_help=True,
    # typer's own tracebacks can show local variables, the secret among them
    # (https://typer.tiangolo.com/tutorial/exceptions/).
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


def run(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return the exit status; a person's mistake becomes a sentence, not a traceback."""
    with ExitStack() as until_the_end:  # such as lines of a log, which errors are too
        return _run(arguments, until_the_end)


@cache
def _command(epilog: str | None) -> Callable[..., object]:
    """Return the command with all others in it, and `epilog` below its help.

    A program that runs many commands waits once: to make it takes as long as many a command does.
    """
    app.info.epilog = epilog
    return get_command(app)


def _run(arguments: Sequence[str] | None, until_the_end: ExitStack) -> int:
    try:
        words = None if arguments is None else list(arguments)
        # typer hands `obj` to each command's context, where `--log-format` finds the stack that ends its log.
        _command(lacking_text() or None)(args=words, prog_name="commercetools-source", obj=until_the_end)
    # click ends every command so, also one that went well.
    except SystemExit as done:
        return done.code if isinstance(done.code, int) else 1
    except ConfigError as error:
        for problem in error.problems:
            say_error(problem)
        return 2
    except CommercetoolsError as error:
        say_error(error)
        return 2 if is_setting(error) else 1
    except (ModuleNotFoundError, FileNotFoundError, MemoryError) as error:
        sentence, status = _circumstance(error)
        if sentence is None:
            raise
        say_error(sentence)
        return status
    return 0


def _circumstance(error: Exception) -> tuple[str | None, int]:
    """Return the sentence for what the installation or the system lacks, and its status; None for a fault of ours."""
    if isinstance(error, MemoryError):
        return "this process got no more memory; what was stored before is kept. Raise its limit and run it again", 1
    # A package of an extra gets advice; any other module that is missing is a fault of ours and keeps its traceback.
    if isinstance(error, ModuleNotFoundError):
        return needs(str(error.name)), 2
    try:
        Path.cwd()
    except FileNotFoundError:
        return "the current folder has been removed; change into one that exists", 2
    return None, 1


def _version(asked: bool) -> None:  # noqa: FBT001 - typer calls it so
    if asked:
        import commercetools_source

        typer.echo(f"commercetools-source {commercetools_source.__version__}")
        say(*filter(None, [lacking_text()]))
        raise typer.Exit


@app.callback()
def _options(
    _version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    pass


# The folder is the list of commands: one is added by adding its file.
for module in iter_modules(commands.__path__):
    # Without a name, an application's commands stand among those of this one; with a name, they are a group.
    app.add_typer(import_module(f"{commands.__name__}.{module.name}").app)
