"""No sentence in the code of the commands is printed by no case: each is in `texts.txt`, in a help text, or listed."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import TYPE_CHECKING

import typer.main

import commercetools_source
from commercetools_source.cli.app import app

if TYPE_CHECKING:
    from collections.abc import Iterator

    import click

PACKAGE = Path(commercetools_source.__file__).parent
ROOMS = ("cli/", "report/", "sync/", "events.py")
"""What only commands print. Sentences of the rooms below have tests beside what makes them."""
PICTURES = ("report/dbt", "report/html", "report/svg.py", "report/diagram.py", "report/metrics.py")
"""Pages, pictures and figures, which tests/report and tests/cli/test_cli_monitoring.py look at."""
SENTENCE = re.compile(r"(?:\b[A-Za-z`_-]+ ){2}[a-z]")
ELSEWHERE = {
    "sync/test_change_history.py, of projects with little history and clients with few scopes": (
        "; without scopes for",
        "are not shown to this API client",
        "no change in the last 30 days",
        "of Merchant Center only",
    ),
    "sync/test_personal.py, of fields that the project does not define": (
        "; if a name is mistyped, the field that is meant",
        "whether the project defines the fields that",
    ),
    "cli/test_cli.py, which runs without the package of the command line": (
        "the command line needs more:",
        "Usage: commercetools-source COMMAND;",
    ),
    "cli/test_cli_monitoring.py, of a check that misleads": ("it redirects to what is no URL",),
    "cli/test_cli_surroundings.py, of what the system lacks": (
        "the current folder has been removed",
        "this process got no more memory",
    ),
    "sync/test_graphql.py, of a listing in another form": ("is not of the documented form:",),
    "sync/test_another_project.py, of two shops": ("; name another destination for it",),
    "cli/test_demo.py, which takes longer than all cases": (
        "What did each store earn",
        "Which variants sell best?",
        "How far are the orders?",
        "the page of the demo",
        "starting a local commercetools API",
        "a generated shop (size",
        "it answers at",
        "; name another file with --path",
        "with a change date it read only",
    ),
    "cli/test_cli_init.py, at a terminal that takes passwords": (
        "Create an API client in the Merchant Center",
        "Choose the format",
        "What you paste is not shown.",
        "what you pasted",
        "The regions are",
        "the client's secret has quotes",
        ", which cannot be written:",
    ),
    "cli/test_cli_untouched.py, with files in the way": (
        "no metrics were written:",
        "--metrics was not written:",
        ", which cannot be read:",
    ),
    "cli/test_cli.py: a list of all streams": ("good to know", "whole each time"),
    "cli/test_own_shop.py: shops of files and of what sync wrote, which a sandbox serves": (
        "until Ctrl-C; changes are lost then.",
        "--seed, --size and --burst are for a generated shop;",
        "--from and --data name two shops;",
        "--from is for what can be asked with SQL;",
        ", which is no folder; name one with files",
        ", which has no file of a stream,",
        ": a record of",
        ": no JSON object (",
        "is no time as the platform writes it (",
        "has the name of no stream;",
        "`commercetools-source streams` lists them",
        "is nested too deep to be masked;",
    ),
    "cli/test_masked_shop.py": ("--mask is for a copy of a shop;", "--personal-fields is for a masked copy;"),
    "report/test_texts.py: answers that no sandbox gives": ("the platform does not say whether they are kept",),
    "report/test_page.py": (
        "no page was written to",
        "is -, and this is not",
        ", which is a folder; name a file in it",
    ),
    "cli/test_cli_progress.py: events and phases, which a display shows for a moment": (
        "looking for deletions",
        "storing what is left",
        "is repeated in",
    ),
    "test_events.py: what the summary says again": (
        "a new access token is in force",
        ": a page of",
        "deleted on the platform",
    ),
    "report/test_texts.py, which makes the reports": (
        "not kept: turn them on",
        "on from a run that was cut off",
        "no run is recorded yet",
    ),
    "cli/test_cli_endings.py, which kills a run": ("the newest run has not ended",),
    "cli/test_schema_command.py: a list of all tables": ("; `commercetools-source schema NAME`",),
    "destinations/test_external_tables.py": ("has no such files",),
    "destinations/test_ducklake.py, of a lake and its older snapshots": (
        "rows that were taken out may still be elsewhere",
    ),
    "sync/test_personal.py": (
        ", read with another choice before, may still be elsewhere",
        ": in blocks of the file that are free; for a file without them begin a new one",
    ),
    "report/test_dbt.py": (
        "has none of these tables;",
        "--dbt is for",
        ", which commercetools-source did not write; name a new folder",
        ", in a folder that does not exist; create it first",
    ),
    "sync/test_store_key.py": (
        ": set `store_key` to read what belongs there.",
        ", and no API client lists those of all of them",
        "; set `store_key` as it was then",
        "has not ended; set `store_key` to it until it has",
        "were read with another choice about personal data;",
        "rows of the store",
        "rows of the whole project",
    ),
    "destinations/dummy.py: a destination of another package, without an ability that all of ours have": (
        "keeps no records of runs;",
        "has no states of its own",
        "keeps all, so leave out retain",
        "cannot forget a person;",
        "; leave out --hard-delete (hard_delete)",
    ),
    "sync/test_history.py": (
        ", which is not among the chosen streams; choose it, too, or leave it out of history",
        "; it must be a list of streams, such as ['orders']",
        "have no versions with a date; leave it out of history",
        "keeps no history of rows when asked for it",
    ),
    "sync/test_reconcile.py: a platform that does what none should": (
        "that its listing lacks, so it proves nothing",
        "%; if that is right, allow it",
        "cannot be listed in a fixed order",
        "a Message is not of the documented form:",
    ),
    "sync/test_graphql.py": ("no reason given", "the answer has no data"),
    "sync/test_forget.py": (
        "where the bucket keeps older versions",
        "was read names the person",
        ": made by others, so",
        ", and forget the person again, which clears",
    ),
    "extract/test_odd_answers.py, of gateways that change totals": ("have no total, so that nobody can tell",),
    "sync/test_plan.py: a thousand containers": ("containers, each a request",),
    "sync/test_forget.py: a copy whose addresses are hashes": (
        "personal data are hashes here, so one of emails",
        "hashes of another key, in which no e-mail address",
        "forget the person again with the hash_key",
    ),
    "sync/test_run_records.py": ("the record of this run is not stored:",),
    "cli/test_cli_broken_state.py": ("by the next run",),
    "cli/test_cli_doctor.py: a platform that does what none should": (
        "their stored bytes",
        "without it: this machine's clock",
        "a record comes twice",
        "none that is known",
        "its answer names no scopes",
        "too few records to look at",
        "behind a place in the middle",
        "not in the order of",
        "are not UTC with milliseconds",
    ),
    "test_arguments.py: for Python alone": (
        "a destination is a path, or a text",
        "; it must have a value by stream, such as",
    ),
    "frontends/singer/test_deletions.py: asked for by a setting of the tap": ("deletions are asked for, but",),
}
"""What no case prints, by its beginning, and which test does: a path below tests, and perhaps why."""


def test_each_sentence_is_printed_by_a_case_or_listed() -> None:
    printed = " ".join((*texts(), *helps(typer.main.get_command(app))))
    unseen = {text: where for text, where in sentences() if text not in printed}
    listed = tuple(text for several in ELSEWHERE.values() for text in several)
    assert {text: where for text, where in unseen.items() if not text.startswith(listed)} == {}, "add a case"
    assert [text for text in listed if not any(one.startswith(text) for one in unseen)] == [], "printed by now"
    tests = [reason.partition(".py")[0] for reason in ELSEWHERE]
    assert [name for name in tests if not (Path(__file__).parent.parent / f"{name}.py").exists()] == []


def texts() -> Iterator[str]:
    """Yield what cases print without a terminal, where lines are not broken."""
    yield " ".join(Path(__file__).with_name("texts.txt").read_text(encoding="utf-8").split())


def helps(command: click.Command) -> Iterator[str]:
    """Yield the help of each command and option, as `-h` prints it."""
    yield from filter(None, (command.help, *(getattr(one, "help", "") for one in command.params)))
    for child in getattr(command, "commands", {}).values():
        yield from helps(child)


def sentences() -> Iterator[tuple[str, str]]:
    """Yield the longest constant of each text with at least three words, and the file that has it."""
    for path in sorted(PACKAGE.rglob("*.py")):
        name = path.relative_to(PACKAGE).as_posix()
        if name.startswith(ROOMS) and not name.startswith(PICTURES):
            for parts in literals(ast.parse(path.read_text(encoding="utf-8"))):
                text = " ".join(max(parts, key=len, default="").split())
                if SENTENCE.search(text) and not re.search(r"\b(SELECT|FROM)\b", text):
                    yield text, name


def literals(tree: ast.AST) -> Iterator[list[str]]:
    """Yield the constants of each text that is not a docstring; those of one f-string together."""
    skipped = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            skipped |= {id(value) for value in ast.walk(node)} - {id(node)}
    for node in ast.walk(tree):
        if id(node) in skipped:
            continue
        if isinstance(node, ast.JoinedStr):
            yield [str(value.value) for value in node.values if isinstance(value, ast.Constant)]
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield [node.value]
