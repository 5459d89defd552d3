"""`verify`, `sweep` and `mage status`, as a person calls them."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb
import pytest

from commercetools_source.cli.app import run

if TYPE_CHECKING:
    from commercetools_source.sandbox import Sandbox


def answer(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str]:
    status = run(arguments)
    return status, capsys.readouterr().out


def test_verify_says_equal_and_then_what_differs_and_sweep_mends_it(
    shop: Sandbox, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["sync", "--streams", "zones,channels", "--quiet"]) == 0
    status, text = answer(capsys, "verify", "--streams", "zones,channels")
    assert status == 0
    assert text.count("equal") == 2
    gone = shop.records("zones")[0]["id"]
    shop.delete("zones", gone)
    status, text = answer(capsys, "verify", "--streams", "zones")
    assert status == 1
    assert text.splitlines()[-1] == f"zones gone: {gone}"
    status, text = answer(capsys, "verify", "--streams", "zones", "--json")
    assert status == 1
    assert json.loads(text)["streams"][0]["difference"]["gone"] == [gone]
    status, text = answer(capsys, "sweep", "--streams", "zones", "--json")
    assert status == 0
    assert json.loads(text)["streams"][0]["marked"] == 1
    assert answer(capsys, "verify", "--streams", "zones")[0] == 0
    with duckdb.connect("commercetools.duckdb") as connection:
        assert connection.execute("SELECT id FROM raw.zones WHERE _deleted_at IS NOT NULL").fetchall() == [(gone,)]


def test_a_sweep_that_is_not_believed_fails_and_says_so(shop: Sandbox, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["sync", "--streams", "zones", "--quiet"]) == 0
    for record in shop.records("zones"):
        shop.delete("zones", record["id"])
    status, text = answer(capsys, "sweep", "--streams", "zones")
    assert status == 1
    assert "nothing was marked" in text


@pytest.mark.usefixtures("shop")
def test_a_file_that_does_not_exist_is_named_and_not_made(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert run(["verify", "--streams", "zones"]) == 1
    assert "commercetools.duckdb does not exist; run `commercetools-source sync` first" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_mage_status_says_which_source_is_in_force(capsys: pytest.CaptureFixture[str]) -> None:
    status, text = answer(capsys, "mage", "status")
    assert status == 0
    assert text.startswith("In force: ")
    assert json.loads(answer(capsys, "mage", "status", "--json")[1])["in_force"] in {
        "commercetools-source",
        "mage",
        "none",
    }


def test_verify_judges_what_the_file_holds_and_sweep_says_what_it_mended(
    shop: Sandbox, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["sync", "--streams", "zones", "--quiet"]) == 0
    status, text = answer(capsys, "verify")
    assert status == 0
    assert [line.split()[0] for line in text.splitlines()[2:]] == ["zones"]
    assert "mended" not in text
    shop.delete("zones", shop.records("zones")[0]["id"])
    status, text = answer(capsys, "sweep")
    assert status == 0
    assert text.splitlines()[2].endswith("mended")


def test_a_run_says_what_was_deleted_and_what_it_could_not_look_for(
    shop: Sandbox, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run(["sync", "--streams", "orders", "--quiet"]) == 0
    shop.clock.advance(3600)
    shop.delete("orders", shop.records("orders")[0]["id"])
    shop.clock.advance(3600)
    shop.add_client("narrow", "secret", ["view_orders", "view_project_settings"])
    with monkeypatch.context() as narrow:
        narrow.setenv("CTP_CLIENT_ID", "narrow")
        narrow.setenv("CTP_CLIENT_SECRET", "secret")
        assert run(["sync", "--streams", "orders"]) == 0
        assert "were not looked for" in capsys.readouterr().err
        assert run(["check", "--streams", "orders"]) == 0
        assert "deletions cannot be seen without the scope view_messages:" in capsys.readouterr().out
        page = Path("commercetools.html")
        # The page of `report` says what that of the run said, and both of them after a run of other streams.
        for streams, told in (("orders", "deletions since "), ("products", "deletions of orders since ")):
            shop.add_client("narrow", "secret", [f"view_{streams}"])
            assert run(["sync", "--streams", streams, "--quiet", "--report", str(page)]) == 0
            assert f'<p class="warn-text">{told}' in page.read_text()
            assert run(["report"]) == 0
            assert f'<p class="warn-text">{told}' in page.read_text()
            capsys.readouterr()
            assert run(["state", "show"]) == 0
            orders = next(line for line in capsys.readouterr().out.splitlines() if line.startswith("orders"))
            assert re.search("  all; deletions since .* not looked for$", orders)
        assert run(["check", "--streams", "products"]) == 0
        unknown = "view_project_settings; deletions cannot be seen without the scope view_messages:"
        assert unknown in capsys.readouterr().out
    assert run(["sync", "--streams", "orders", "--json"]) == 0
    captured = capsys.readouterr()
    assert "orders: 1 deleted" in captured.err
    assert json.loads(captured.out)["deleted"] == 1


@pytest.mark.usefixtures("shop")
def test_a_run_that_was_not_finished_in_its_time_has_a_status_of_its_own() -> None:
    assert run(["sync", "--minutes", "0", "--quiet"]) == 3
    assert run(["sync", "--streams", "zones", "--quiet"]) == 0
