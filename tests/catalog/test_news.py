"""The tool that lists what the platform's TypeScript SDK knows beyond the contract: declarations in its form."""

from __future__ import annotations

import io
import json
import subprocess
import sys
import tarfile
from pathlib import Path

ROOT = Path(__file__).parents[2]
TOOL = ROOT / "tools" / "news.py"
sys.path.insert(0, str(TOOL.parent))
DECLARATIONS = """\
/**
 * A comment with `export interface Category extends Nothing {` in it.
 */
export declare enum ProductCatalogModelValues {
    Classic = "Classic"
}
export type ProductCatalogModel = 'Classic' | 'Modular' | 'InMigration' | 'Split' | (string & {});
export interface Category extends BaseResource {
    readonly id: string;
    /**
     *\tA shade.
     */
    readonly shade?: Shade;
    readonly shades: _Shade[];
    readonly label: string;
}
export interface BaseResource {
    readonly version: number;
    readonly weather?: any;
}
export type Shade = DarkShade | LightShade;
export type _Shade = Shade | DarkShade;
export interface IShade {
    readonly type: string;
}
export interface DarkShade extends IShade {
    readonly type: 'Dark';
    readonly depth: number;
}
export interface LightShade extends IShade {
    readonly type: 'Light';
}
export interface PaymentCreatedMessage extends IMessage {
    readonly type: 'PaymentCreated';
    readonly tip: { [key: string]: string };
}
export interface IMessage {
    readonly type: string;
}
export type Message = PaymentCreatedMessage | PaymentLostMessage;
export interface PaymentLostMessage extends IMessage {
    readonly type: 'PaymentLost';
}
export type ErrorObject = StrangeError;
export interface StrangeError {
    readonly code: 'Strange';
}
"""


def package(folder: Path, declarations: str) -> Path:
    """Return a package as npm publishes it, with these declarations."""
    body = declarations.encode()
    member = tarfile.TarInfo("package/dist/declarations/src/generated/models/all.d.ts")
    member.size = len(body)
    archive = folder / "sdk.tgz"
    with tarfile.open(archive, "w:gz") as target:
        target.addfile(member, io.BytesIO(body))
    return archive


def run(archive: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, str(TOOL), str(archive)], capture_output=True, text=True, check=False)


def test_what_the_sdk_declares_beyond_the_contract_is_listed_as_rows_and_is_a_failure(tmp_path: Path) -> None:
    result = run(package(tmp_path, DECLARATIONS))
    assert result.returncode == 1
    rows = [json.loads(line) for line in result.stdout.splitlines()]
    assert rows == [
        {"type": "Category", "field": "weather", "is": "any"},
        {"type": "Category", "field": "shade", "is": "Shade"},
        {"type": "Category", "field": "shades", "is": "[Shade]!"},
        {"type": "Category", "field": "label", "is": "string!"},
        {"type": "Message", "tag": "PaymentLost", "is": "PaymentLostMessage"},
        {"type": "PaymentCreatedMessage", "field": "tip", "is": "any!"},
        {"type": "ProductCatalogModel", "value": "Split"},
        # What only news speak of: a new union, and a new Message.
        {"type": "Shade", "tag": "Dark", "is": "DarkShade"},
        {"type": "Shade", "tag": "Light", "is": "LightShade"},
        {"type": "Shade", "field": "type", "is": "string!"},
        {"type": "PaymentLostMessage", "field": "type", "is": "string!"},
        {"type": "DarkShade", "field": "type", "is": "string!"},
        {"type": "DarkShade", "field": "depth", "is": "number!"},
        {"type": "LightShade", "field": "type", "is": "string!"},
    ]


def test_a_package_with_nothing_new_is_no_news(tmp_path: Path) -> None:
    result = run(package(tmp_path, "export type ProductCatalogModel = 'Classic' | 'Modular' | (string & {});\n"))
    assert (result.returncode, result.stdout) == (0, "")


def test_a_package_without_declarations_is_refused(tmp_path: Path) -> None:
    result = run(package(tmp_path, "// nothing\n"))
    assert result.returncode == 2
    assert "no type declarations" in result.stderr
