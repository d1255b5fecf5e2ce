"""Checks of a fit against data drawn from it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import xarray as xr
from scipy import stats

import toolkit as tk
from toolkit import labels
from toolkit.criticism.predictive import check_draws, holm, two_sided
from toolkit.criticism.residuals import Residuals, residuals_of
from toolkit.criticism.statistics import STATISTICS, largest

DIMS = labels.dims(labels.TEXT_PROBS)
BATCH, TEXTS, REPLICATES, GENERATIONS = 200, 4, 4, 25
Step = Callable[[np.ndarray, int], tuple[np.ndarray, int]]


def plain(probs: np.ndarray, generation: int) -> tuple[np.ndarray, int]:
    return probs, BATCH


def drifting(probs: np.ndarray, generation: int) -> tuple[np.ndarray, int]:
    return probs, int(20 + 380 * 0.9**generation)


def selected(probs: np.ndarray, generation: int) -> tuple[np.ndarray, int]:
    chosen = probs * np.exp(0.1 * np.arange(TEXTS))
    return chosen / chosen.sum(), BATCH


def loop(rng: np.random.Generator, step: Step) -> np.ndarray:
    probs = np.full((REPLICATES, GENERATIONS + 1, TEXTS), 1 / TEXTS)
    for generation in range(GENERATIONS):
        for replicate in range(REPLICATES):
            captions, size = step(probs[replicate, generation], generation)
            probs[replicate, generation + 1] = rng.multinomial(size, captions) / size
    return probs


def checked(rng: np.random.Generator, step: Step, draws: int = 100) -> xr.Dataset:
    """A loop against data drawn by the law without anything besides chance."""
    observed = loop(rng, step)
    before = observed[:, :-1]
    drawn = rng.multinomial(BATCH, before, size=(1, draws, *before.shape[:2])) / BATCH
    generation = np.arange(GENERATIONS + 1)
    return check_draws(
        "text_drift",
        xr.Dataset({labels.TEXT_PROBS: (DIMS, observed)}, coords={"generation": generation}),
        xr.Dataset({labels.TEXT_PROBS: (("chain", "draw", *DIMS), drawn)}),
        xr.Dataset(),
    )


def test_a_right_model_alarms_as_seldom_as_promised() -> None:
    rng = np.random.default_rng(1)
    found = [checked(rng, plain) for _ in range(100)]
    alarms = sum(one.attrs["alarm"] == "true" for one in found)
    assert alarms <= 14  # of 100 at 5 %: beyond with probability 1e-4
    small = np.mean([one.p_value < 0.1 for one in found], axis=0)
    assert (small < 0.25).all()
    assert small.mean() > 0.04


@pytest.mark.parametrize(
    ("step", "statistic", "words"),
    [
        (drifting, "text probs: dispersion over time", "batch size falls"),
        (selected, "text probs: favourites", "outputs are selected"),
    ],
)
def test_what_the_model_does_not_know_is_seen(step: Step, statistic: str, words: str) -> None:
    found = checked(np.random.default_rng(2), step)
    assert found.attrs["alarm"] == "true"
    assert float(found.adjusted_p.sel(statistic=statistic)) < 0.01
    assert words in found.attrs["answer"]
    assert tk.check_table(found).p_value.is_monotonic_increasing


def test_rows_are_exchangeable() -> None:
    rng = np.random.default_rng(3)
    rows = rng.gamma(2.0, size=(51, 2, 30))
    dims = labels.dims(labels.SCORE)

    def of(order: Any) -> Residuals:
        observed = xr.Dataset({"score": (dims, rows[order][0])})
        drawn = xr.Dataset({"score": (("chain", "draw", *dims), rows[order][None, 1:])})
        return residuals_of("diversity_decay", observed, drawn, xr.Dataset())["score"]

    order = rng.permutation(51)
    np.testing.assert_allclose(of(order).values, of(np.arange(51)).values[order], rtol=1e-9)


def test_what_is_only_repeated_is_not_judged() -> None:
    rng = np.random.default_rng(4)
    cov = np.eye(2) * rng.uniform(0.5, 1, size=(1, 12, 2, 1, 1))
    drawn = cov[None, None, :, :-1] * rng.uniform(0.9, 1.1, size=(1, 30, 1, 11, 2, 1, 1))
    drawn[:, :, :, 4] = cov[:, 4]  # kept: no law
    dims = labels.dims(labels.IMAGE_COV)
    found = residuals_of(
        "image_contraction",
        xr.Dataset({"image_cov": (dims, cov)}),
        xr.Dataset({"image_cov": (("chain", "draw", *dims), drawn)}),
        xr.Dataset(),
    )
    seen = found["image_scale"].seen[0, :, 0]
    assert not seen[4]
    assert seen.sum() == 10
    # Multiples of the identity stay round: nothing is drawn of their shape but rounding.
    assert "image_anisotropy" not in found


def test_missing_and_known_scores_are_not_judged() -> None:
    rng = np.random.default_rng(5)
    dims = labels.dims(labels.SCORE)
    score = rng.normal(size=(2, 20))
    score[0, 7] = np.nan
    drawn = xr.Dataset({"score": (("chain", "draw", *dims), rng.normal(size=(1, 30, 2, 20)))})
    known = xr.Dataset({labels.START: 0.5})
    found = residuals_of("diversity_decay", xr.Dataset({"score": (dims, score)}), drawn, known)
    seen = found["score"].seen[..., 0]
    assert not seen[0, 7]
    assert not seen[:, 0].any()
    assert seen.sum() == 37


def test_largest_is_normal_for_normal_deviations() -> None:
    values = np.random.default_rng(6).normal(size=(4000, 1, 30, 1))
    seen = np.ones((1, 30, 1), bool)
    found = largest(Residuals(values, seen, np.zeros((1, 30, 1))))
    assert stats.kstest(found, "norm").statistic < 0.03
    # Deviations 5 % too large are seen.
    wrong = largest(Residuals(1.05 * values, seen, np.zeros((1, 30, 1))))
    assert stats.kstest(wrong, "norm").statistic > 0.05


def test_p_values() -> None:
    rng = np.random.default_rng(7)
    found = two_sided(rng.normal(size=(5000, 20)))
    assert stats.kstest(found, "uniform").statistic < 0.03
    assert holm([0.02, 0.5]).tolist() == [0.04, 0.5]


def test_every_statistic_says_what_it_suggests() -> None:
    for statistics in STATISTICS.values():
        for statistic in statistics.values():
            assert statistic.high
            assert statistic.low


def test_mistakes_are_told() -> None:
    with pytest.raises(TypeError, match="expected what fit returns"):
        tk.check_fit(xr.DataTree())
    with pytest.raises(ValueError, match="level must be between 0 and 1"):
        tk.check_fit(
            xr.DataTree.from_dict(
                {
                    name: xr.Dataset()
                    for name in ("posterior_predictive", "observed_data", "constant_data")
                }
            ),
            level=2.0,
        )
