"""What the benchmarks compute of their measurements, on numbers known beforehand."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.benchmarks import growth, measure, tables


def test_exponent_is_the_slope_in_logarithms() -> None:
    assert growth.exponent((10, 100, 1000), [0.3, 3.0, 30.0]) == pytest.approx(1)
    assert growth.exponent((1, 4, 16), [2.0, 32.0, 512.0]) == pytest.approx(2)


def test_every_size_of_an_axis_is_a_case() -> None:
    for axis in growth.axes(quick=False):
        assert [case[axis.name] for case in axis.cases] == list(axis.sizes)
        assert not axis.linear or axis.sizes[-1] == 1000 * axis.sizes[0]


def test_quartiles_are_of_the_ratios_of_each_round() -> None:
    above = measure.Timing([2.0, 20.0, 6.0], [0.0] * 3)
    below = measure.Timing([1.0, 10.0, 2.0], [0.0] * 3)
    assert measure.paired_ratio(above, below) == (2.0, 2.0, 2.5)


def test_page_keeps_what_is_not_between_the_marks(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(f"before\n{tables.BEGIN}\nold\n{tables.END}\nafter\n")
    timing = measure.Timing([0.01, 0.02, 0.03], [0.02] * 3)
    result = tables.Result(
        "title",
        {"one": 1.0},
        {"one": timing},
        {"a / b": (1.0, 2.0, 3.0)},
        {"fast": False},
        {"one": 100.0},
    )
    for _ in range(2):
        tables.into_page(page, tables.markdown(result.section))
    text = page.read_text()
    assert text.startswith("before\n")
    assert text.endswith("\nafter\n")
    assert "old" not in text
    assert "| one | 1.00 | 20.0 | 15.0 to 25.0 | 20.0 | 5e+03 |" in text
    assert "| a / b | 2.00 | 1.00 to 3.00 |" in text
    assert text.count("- MISSED: fast") == 1


def test_page_without_marks_is_left_alone(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(f"{tables.BEGIN}\nno end\n")
    with pytest.raises(ValueError, match="has no place for a table"):
        tables.into_page(page, "text")
    assert page.read_text() == f"{tables.BEGIN}\nno end\n"


def test_page_of_the_repository_has_a_place() -> None:
    text = (Path(__file__).parents[2] / "docs" / "benchmarks.md").read_text(encoding="utf-8")
    assert [text.count(mark) for mark in (tables.BEGIN, tables.END)] == [1, 1]
