"""Figures: what stands on the axes, and files that do not depend on the day."""

import itertools
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
import pytest
import xarray as xr

import toolkit as tk
from toolkit import labels, plotting
from toolkit.compare import compare, curve
from toolkit.datasets import trajectory

GENERATIONS, REPLICATES, TEXTS = 6, 5, 2


@pytest.fixture(scope="module")
def simulated() -> xr.Dataset:
    rng = np.random.default_rng(1)
    shape = (REPLICATES, GENERATIONS + 1)
    decay = 0.8 * 0.9 ** np.arange(GENERATIONS + 1)
    noise = rng.uniform(0.99, 1.01, (*shape, TEXTS))
    values = {
        labels.TEXT_DIVERSITY: decay * noise[..., 0],
        labels.IMAGE_DIVERSITY: decay[:, None] * noise,
    }
    return trajectory(values, np.arange(GENERATIONS + 1), {})


def prediction(
    name: str = "own",
    factor: float = 0.9,
    kind: str = "exact",
    variable: str = labels.TEXT_DIVERSITY,
    **more: Any,
) -> xr.Dataset:
    values = 0.8 * factor ** np.arange(GENERATIONS + 1)
    return curve(name, values, variable=variable, kind=kind, **more)


def test_trajectory_shows_mean_and_band_with_units(simulated: xr.Dataset) -> None:
    ax = plotting.plot_trajectory(simulated, labels.IMAGE_DIVERSITY, text=1, label="text one")
    assert ax.get_ylabel() == "image diversity, tr cov^(1/2) [feature unit]"
    assert ax.get_xlabel() == "generation"
    (line,) = ax.get_lines()
    mean = simulated[labels.IMAGE_DIVERSITY].sel(text=1).mean("replicate")
    np.testing.assert_allclose(line.get_ydata(), mean, rtol=1e-12)
    assert len(ax.collections) == 1
    assert line.get_label() == "text one"


def test_trajectory_draws_every_text_in_its_own_colour(simulated: xr.Dataset) -> None:
    ax = plotting.plot_trajectory(simulated, labels.IMAGE_DIVERSITY, band=False)
    assert len({line.get_color() for line in ax.get_lines()}) == TEXTS
    assert not ax.collections


@pytest.mark.parametrize(
    ("variable", "text", "message"),
    [
        ("nonsense", None, "no variable is called 'nonsense'"),
        (labels.IMAGE_FIDELITY, None, "was not recorded"),
        (labels.IMAGE_DIVERSITY, 7, "there is no text 7"),
    ],
)
def test_trajectory_refuses_what_is_not_there(
    simulated: xr.Dataset, variable: str, text: int | None, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        plotting.plot_trajectory(simulated, variable, text=text)


def test_prediction_line_style_says_the_kind() -> None:
    styles = {
        kind: plotting.plot_prediction(prediction(kind=kind), "own").get_lines()[0]
        for kind in ("exact", "lower bound", "upper bound", "asymptotic", "approximation")
    }
    dashes = {str(line._unscaled_dash_pattern) for line in styles.values()}
    assert len(dashes) == len(styles)
    assert all("own" in line.get_label() for line in styles.values())


def test_prediction_of_a_logarithm_is_drawn_as_its_exponential() -> None:
    own = curve(
        "own", np.log([0.5, 0.25]), variable=labels.TEXT_DIVERSITY, kind="exact", scale="log"
    )
    ax = plotting.plot_prediction(own, "own")
    np.testing.assert_allclose(ax.get_lines()[0].get_ydata(), [0.5, 0.25])


def test_prediction_is_drawn_from_where_it_is_claimed() -> None:
    own = prediction().assign_coords({labels.VALID_FROM: (labels.RESULT, [3])})
    values = plotting.plot_prediction(own, "own").get_lines()[0].get_ydata()
    assert np.isnan(values[:3]).all()
    assert np.isfinite(values[3:]).all()


def test_prediction_refuses_an_unknown_result() -> None:
    with pytest.raises(ValueError, match="choose from: own"):
        plotting.plot_prediction(prediction(), "other")


def test_comparison_writes_the_verdict_into_the_legend(simulated: xr.Dataset) -> None:
    right, wrong = prediction("right"), prediction("wrong", 0.7)
    for own, verdict in ((right, "agrees"), (wrong, "disagrees")):
        ax = plotting.plot_comparison(compare(simulated, own))
        texts = [entry.get_text() for entry in ax.get_legend().get_texts()]
        assert "simulated, mean" in texts
        assert any(text.endswith(f": {verdict}") for text in texts)


def test_comparison_needs_a_result_about_the_variable(simulated: xr.Dataset) -> None:
    with pytest.raises(ValueError, match="about image_diversity"):
        plotting.plot_comparison(compare(simulated, prediction()), labels.IMAGE_DIVERSITY)


def test_z_scores_leave_the_critical_lines(simulated: xr.Dataset) -> None:
    ax = plotting.plot_z_scores(compare(simulated, prediction("wrong", 0.7)), "wrong", critical=3)
    heights = {tuple(line.get_ydata()) for line in ax.get_lines()[:2]}
    assert heights == {(-3, -3), (3, 3)}
    assert np.nanmax(np.abs(ax.get_lines()[2].get_ydata())) > 3
    with pytest.raises(ValueError, match="no result"):
        plotting.plot_z_scores(compare(simulated, prediction()), "other")


def test_rates_are_decay_rates_by_probability() -> None:
    system = tk.CoevolvingSystem.on_unit_circle(
        num_texts=3, text_probs=(0.5, 0.2, 0.3), variance=1.0, batch_size=200, text_updates=0
    )
    rates = tk.theory.image_rates(system)
    ax = plotting.plot_rates(rates, system.text_probs)
    drawn = {line.get_label(): line for line in ax.get_lines()}
    exact = drawn["mean, exact asymptotic"]
    np.testing.assert_allclose(exact.get_xdata(), [0.2, 0.3, 0.5])
    np.testing.assert_allclose(exact.get_ydata(), -np.log(rates.exact_rate.values[[1, 2, 0]]))
    typical = drawn["typical run"].get_ydata()
    assert (typical > exact.get_ydata()).all()
    with pytest.raises(ValueError, match="3 probabilities"):
        plotting.plot_rates(rates, system.text_probs[:2])


def test_labels_at_the_ends_do_not_overlap() -> None:
    figure, axes = plotting.panels()
    for index in range(4):
        axes[0, 0].plot([0, 1], [0, 1 + 1e-6 * index], label=f"line {index}")
    plotting.label_ends(axes[0, 0])
    figure.draw_without_rendering()
    boxes = sorted((text.get_window_extent() for text in axes[0, 0].texts), key=lambda box: box.y0)
    assert len(boxes) == 4
    assert all(below.y1 <= above.y0 + 1 for below, above in itertools.pairwise(boxes))
    assert boxes[0].x1 <= figure.bbox.x1


def test_a_short_log_axis_has_plain_numbers() -> None:
    figure, axes = plotting.panels()
    axes[0, 0].plot([0, 1], [0.55, 0.8])
    plotting.log_axis(axes[0, 0])
    figure.draw_without_rendering()
    written = [label.get_text() for label in axes[0, 0].get_yticklabels()]
    assert {"0.6", "0.7", "0.8"} <= set(written)


def test_colours_of_an_order_grow_lighter() -> None:
    shades = np.array(plotting.colours(5, ordered=True))[:, :3]
    lightness = shades @ [0.2126, 0.7152, 0.0722]
    assert (np.diff(lightness) > 0.05).all()
    assert len(set(plotting.colours(7))) == 7


def test_the_style_stays_inside(simulated: xr.Dataset) -> None:
    before = dict(mpl.rcParams)
    plotting.plot_trajectory(simulated)
    assert dict(mpl.rcParams) == before


def test_equal_figures_give_equal_files(simulated: xr.Dataset, tmp_path: Path) -> None:
    for folder in ("first", "second"):
        (tmp_path / folder).mkdir()
        ax = plotting.plot_trajectory(simulated)
        plotting.save_figure(ax.figure, tmp_path / folder / "figure")
    for name in ("figure.png", "figure.pdf"):
        first, second = ((tmp_path / folder / name).read_bytes() for folder in ("first", "second"))
        assert first == second
        assert len(first) > 1000
    assert b"CreationDate" not in (tmp_path / "first" / "figure.pdf").read_bytes()
