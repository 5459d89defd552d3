"""Everything on the page can be read: contrast AA in both schemes, computed from the colours of the styles."""

from __future__ import annotations

import re

import pytest

from commercetools_source.report import svg
from commercetools_source.report.html.style import STYLE

LIGHT, DARK = (
    dict(re.findall(r"--([a-z0-9]+):(#[0-9a-f]{3,6})", block)) for block in re.findall(r":root\{([^}]*)\}", STYLE)
)
SURFACES = ("page", "card")
TEXT = 4.5
GRAPHICS = 3.0
"""What WCAG 2.2 asks for: https://www.w3.org/TR/WCAG22/#contrast-minimum and #non-text-contrast."""


def luminance(colour: str) -> float:
    digits = colour.removeprefix("#")
    digits = digits if len(digits) == 6 else "".join(digit * 2 for digit in digits)
    parts = [int(digits[index : index + 2], 16) / 255 for index in (0, 2, 4)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def contrast(first: str, second: str) -> float:
    high, low = sorted((luminance(first), luminance(second)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def test_the_formula_gives_the_figures_that_are_known() -> None:
    assert contrast("#fff", "#000") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("scheme", [LIGHT, DARK], ids=["light", "dark"])
def test_texts_and_plots_stand_out_from_what_is_behind_them(scheme: dict[str, str]) -> None:
    assert set(scheme) == set(LIGHT)
    texts = set(scheme) - {*SURFACES, "line"}
    assert {"ink", "soft", "good", "bad", "warn", "c0", "c5"} <= texts
    low = {(name, on): contrast(scheme[name], scheme[on]) for name in texts for on in SURFACES}
    assert not {pair: ratio for pair, ratio in low.items() if ratio < TEXT}


def test_the_page_has_no_colour_beside_those_of_its_schemes() -> None:
    rules = re.sub(r":root\{[^}]*\}", "", STYLE)
    assert not re.findall(r"#[0-9a-f]{3,6}\b|rgb|opacity", rules)


def test_the_diagram_can_be_read_too() -> None:
    light, _, dark = svg._PAGE.partition("@media (prefers-color-scheme: dark)")
    for rules in (light, dark):
        colours = dict(
            re.findall(r"\.ct-model (text|\.note|\.box, \.ct-model \.page) \{\{[^}]*fill: (#[0-9a-f]+)", rules)
        )
        page = colours.pop(".box, .ct-model .page")
        assert set(colours) == {"text", ".note"}
        assert min(contrast(colour, page) for colour in colours.values()) >= TEXT
        assert min(contrast(colour, page) for colour in svg._COLOURS) >= GRAPHICS
    assert min(contrast(colour, "#fff") for colour in svg._COLOURS) >= TEXT
