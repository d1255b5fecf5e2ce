"""Terms of the log likelihood as ArviZ takes them, and the numbers that a fit was given."""

from __future__ import annotations

import json
from typing import Any

import arviz as az
import jax
import numpy as np
import pytest
import xarray as xr
from scipy import stats

import toolkit as tk
from toolkit import labels
from toolkit.inference import tree
from toolkit.models import coevolution, text_drift
from toolkit.models.coevolution import CoevolutionDesign

LEAD = {labels.CHAIN: np.arange(2), labels.DRAW: np.arange(3)}
VALUES = {
    "effective_batch_size": 60.0,
    "text_temperature": 1.0,
    "injection_prob": 0.3,
    "injection_fraction": 0.2,
    "shrinkage_factor": 1.0,
}


def same_loo(found: xr.DataTree, terms: np.ndarray) -> None:
    """The fit's own is that of the terms, shape (chain, draw, term), computed by hand."""
    by_hand = xr.DataTree.from_dict(
        {
            "posterior": found.posterior.to_dataset(),
            "log_likelihood": xr.Dataset({"all": ((*LEAD, "term"), terms)}),
        }
    )
    expected = az.loo(by_hand, pointwise=True)
    judged = az.loo(found, pointwise=True)
    assert judged.n_data_points == terms.shape[-1]
    assert judged.elpd == pytest.approx(expected.elpd, rel=1e-8)
    np.testing.assert_allclose(np.ravel(judged.elpd_i), np.ravel(expected.elpd_i), rtol=1e-6)


@pytest.mark.filterwarnings("ignore:Estimated shape parameter")
def test_loo_of_scores_with_gaps_is_that_by_hand() -> None:
    rng = np.random.default_rng(1)
    score = 0.2 + 0.6 * 0.9 ** np.arange(12) + 0.02 * rng.normal(size=(2, 12))
    score[0, 3] = score[1, 9:] = np.nan
    found = tk.fit(
        tk.read_trajectory(score=score), "diversity_decay", seed=1, form="deterministic",
        common_start=True, contraction_factor=0.9,
    )  # fmt: skip
    start, floor, sd = (
        found.posterior[name].values[..., None, None] for name in ("start", "floor", "noise_sd")
    )
    noise = np.hypot(sd, 1e-6 * np.ptp(score[np.isfinite(score)]))
    mean = floor + (start - floor) * 0.9 ** np.arange(12)
    every = stats.norm(mean, noise).logpdf(score)
    same_loo(found, every[..., np.isfinite(score)])
    # Replicates can still be left out as wholes.
    by_replicate = found.log_likelihood["score"].groupby(labels.REPLICATE).sum()
    np.testing.assert_allclose(by_replicate, np.nansum(every, axis=-1), rtol=1e-9)


@pytest.mark.filterwarnings("ignore:Estimated shape parameter")
def test_loo_of_counts_with_a_gap_is_that_by_hand() -> None:
    design = text_drift.TextDriftDesign(replicates=2, generations=9, num_texts=3, batch_size=60)
    whole = text_drift.generate(design, VALUES, jax.random.key(2))
    data = whole.isel(generation=[0, 1, 2, 3, 6, 7, 8, 9])
    found = tk.fit(
        data, "text_drift", seed=1, likelihood="counts", batch_size=60,
        effective_batch_size=60.0, text_temperature=1.0,
    )  # fmt: skip
    before, after = (
        whole.text_probs.values[:, [g + k for g in (0, 1, 2, 6, 7, 8)]] for k in (0, 1)
    )
    prob, fraction = (
        found.posterior[name].values[..., None, None]
        for name in ("injection_prob", "injection_fraction")
    )
    mass = (1 - fraction[..., None]) * before + fraction[..., None] / 3
    pmf = [stats.multinomial(60, p).pmf(np.rint(60 * after)) for p in (before, mass)]
    terms = np.log((1 - prob) * pmf[0] + prob * pmf[1])
    same_loo(found, terms.reshape(*terms.shape[:2], -1))
    # Each state that a transition starts from is in the fit, that after the gap among them.
    after_gap = found.constant_data.text_probs
    assert after_gap.generation.values.tolist() == [6]
    np.testing.assert_array_equal(after_gap, whole.text_probs.sel(generation=[6]))
    assert found.observed_data.generation.values.tolist() == [0, 1, 2, 3, 7, 8, 9]


def evidence_with_gap(**options: Any) -> Any:
    design = CoevolutionDesign(replicates=2, generations=4, batch_size=60)
    values = VALUES | {"replicate_spread": 0.1, "real_share": 0.1}
    data = coevolution.generate(design, values, jax.random.key(1)).isel(generation=[0, 1, 3, 4])
    return coevolution.MODEL.prepare(data, batch_size=60, **options)


def test_terms_without_a_law_are_left_out_and_only_then_stand_in_a_row() -> None:
    evidence = evidence_with_gap()
    names = (labels.TEXT_PROBS, labels.IMAGE_COV, labels.IMAGE_MEAN)
    rng = np.random.default_rng(0)
    terms = {name: rng.normal(size=(2, 3, 2, 3)) for name in names}
    square = tree.pointwise(terms, evidence, LEAD)
    assert dict(square.sizes) == {"chain": 2, "draw": 3, "replicate": 2, "generation": 3}
    for values in terms.values():
        values[:, :, :, 1] = 0
    terms[labels.IMAGE_COV][:, :, 0, 2] = 0  # it stays: another variable has a term there
    row = tree.pointwise(terms, evidence, LEAD)
    assert row.replicate.values.tolist() == [0, 0, 1, 1]
    assert row.generation.values.tolist() == [1, 4, 1, 4]
    for name, values in terms.items():
        np.testing.assert_array_equal(row[name], values[:, :, :, [0, 2]].reshape(2, 3, 4))
        assert row[name].attrs == square[name].attrs


def test_the_numbers_of_a_given_reference_are_kept() -> None:
    reference = xr.Dataset(
        {
            "image_mean": (("text", "feature"), np.arange(6.0).reshape(3, 2)),
            "image_cov": (("text", "feature", "feature_alt"), np.tile(2 * np.eye(2), (3, 1, 1))),
        }
    )
    constant = evidence_with_gap(reference=reference).constant
    np.testing.assert_array_equal(constant.reference_mean, reference.image_mean)
    np.testing.assert_array_equal(constant.reference_cov, reference.image_cov)
    assert labels.TEXT_PROBS not in constant  # all of them are observed
    said = tree.attributes(options={"reference": reference, "target": np.full(2, 0.5)})
    assert json.loads(said["options"]) == {
        "reference": "Dataset {'text': 3, 'feature': 2, 'feature_alt': 2}; its numbers are in "
        "constant_data",
        "target": [0.5, 0.5],
    }
    large = json.loads(tree.attributes(options=[np.zeros((50, 3))])["options"])
    assert large == ["ndarray (50, 3); its numbers are in constant_data"]
