"""What a loss of diversity is due to, against closed forms."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
import xarray as xr

from toolkit import labels
from toolkit.forecast.summary import INTERACTIONS, summary, summary_table
from toolkit.theory import number

BATCH, PROB, FRACTION, HORIZON = 40, 0.3, 0.1, 25
START = np.array([0.5, 0.3, 0.15, 0.05])
#: Paths are repeated by replicate: with many, few calls are needed.
_REPLICATES = 400


def fitted(model: str = "text_drift", **parameters: float) -> xr.DataTree:
    """A fit of one-hot texts whose posterior is one point, so that all is known in closed form."""
    probs = np.broadcast_to(START, (_REPLICATES, 3, 4))
    lead = (labels.CHAIN, labels.DRAW)
    known = {
        labels.EFFECTIVE_BATCH_SIZE: BATCH,
        labels.TEXT_TEMPERATURE: 1.0,
        labels.INJECTION_PROB: PROB,
        labels.INJECTION_FRACTION: FRACTION,
    } | parameters
    posterior = {name: (lead, np.full((2, 3), float(value))) for name, value in known.items()}
    observed = {labels.TEXT_PROBS: (labels.dims(labels.TEXT_PROBS), probs)}
    constant = xr.Dataset({labels.INJECTION_TARGET: (labels.TEXT, np.full(4, 0.25))})
    constant.attrs["likelihood"] = "counts"
    tree = xr.DataTree.from_dict(
        {
            "posterior": xr.Dataset(posterior),
            "observed_data": xr.Dataset(observed),
            "constant_data": constant,
        }
    )
    tree.attrs = {"model": model, "seed": "1", "options": json.dumps({}), "converged": "true"}
    return tree


def curve(batch_size: float, prob: float, generations: Any = HORIZON) -> Any:
    """Exact mean diversity (theory, T5; without injection it is T2)."""
    return number(
        "corpus_injection_curve_before",
        batch_size=batch_size,
        text_updates=1,
        injection_prob=prob,
        injection_fraction=FRACTION,
        generations=generations,
        initial_text_diversity=1 - float(np.sum(START**2)),
        initial_overlap=0.25,
        target_diversity=0.75,
    )


@pytest.fixture(scope="module")
def found() -> xr.Dataset:
    return summary(fitted(), HORIZON, num_draws=2, paths=2000)


def mean_of(found: xr.Dataset, cause: str) -> float:
    return float(found[labels.CONTRIBUTION].sel(cause=cause).mean())


def test_contributions_are_the_closed_forms(found: xr.Dataset) -> None:
    begin = 1 - float(np.sum(START**2))
    error = float(found.attrs["mean_error"])
    assert 0.0005 < error < 0.006
    close = 5 * error  # of differences of two means, over six draws: far beyond chance
    full, closed = curve(BATCH, PROB), curve(BATCH, 0.0)
    undrifted = curve(1e12, PROB)
    assert abs(float(found[labels.LOSS].mean()) - (begin - full)) < close
    assert abs(mean_of(found, "drift") - (undrifted - full)) < close
    assert abs(mean_of(found, "injection") - (closed - full)) < close
    # Neither is small, nor is what they do to one another.
    rest = (begin - full) - (undrifted - full) - (closed - full)
    assert abs(mean_of(found, INTERACTIONS) - rest) < 2 * close
    assert min(abs(closed - full), abs(undrifted - full), abs(rest)) > 4 * close


def test_contributions_add_up_and_keep_their_labels(found: xr.Dataset) -> None:
    np.testing.assert_allclose(found[labels.CONTRIBUTION].sum("cause"), found[labels.LOSS])
    np.testing.assert_allclose(found[labels.SHARE_OF_LOSS].sum("cause"), 1.0)
    for name in (labels.LOSS, labels.CONTRIBUTION, labels.SHARE_OF_LOSS):
        assert found[name].attrs == labels.SUMMARIES[name].attrs
        assert set(found[name].dims) - {"chain", "draw"} == set(labels.SUMMARIES[name].dims)
    assert {"drift", "injection", INTERACTIONS} == set(found.cause.values)
    assert "Without injection" in found.attrs["answer"]
    table = summary_table(found)
    assert table.loc["loss to drift", "50%"] > 0


def test_half_life_of_chance_alone_is_that_of_the_batch_size() -> None:
    alone = fitted(injection_prob=0.0)
    found = summary(alone, HORIZON, num_draws=2, paths=2000)
    factor = 1 - 1 / BATCH
    assert abs(float(found[labels.CONTRACTION_FACTOR].mean()) - factor) < 0.0015
    half_life = np.log(2) / -np.log(factor)
    assert float(found[labels.HALF_LIFE].mean()) == pytest.approx(half_life, rel=0.06)
    assert list(found.cause.values) == ["drift", INTERACTIONS]
    assert mean_of(found, INTERACTIONS) == pytest.approx(0, abs=1e-5)


def test_sharpening_without_drift_is_a_deterministic_map() -> None:
    sharpened = fitted(injection_prob=0.0, text_temperature=0.95)
    found = summary(sharpened, 10, num_draws=2, paths=2)
    probs = START
    for _ in range(10):
        probs = probs ** (1 / 0.95)
        probs = probs / probs.sum()
    lost = float(np.sum(probs**2) - np.sum(START**2))
    loss = found[labels.LOSS] - found[labels.CONTRIBUTION].sel(cause="drift")
    np.testing.assert_allclose(loss, lost, rtol=1e-3)


def test_the_same_seed_gives_the_same_numbers() -> None:
    one, other = (summary(fitted(), 5, num_draws=2, paths=2, seed=4) for _ in range(2))
    xr.testing.assert_identical(one, other)


def test_scores_have_no_causes_but_a_rate() -> None:
    lead = (labels.CHAIN, labels.DRAW)
    posterior = xr.Dataset(
        {
            labels.CONTRACTION_FACTOR: (lead, np.full((2, 50), 0.9)),
            labels.HALF_LIFE: (lead, np.full((2, 50), np.log(2) / -np.log(0.9))),
            **{
                name: (lead, np.full((2, 50), 0.1))
                for name in (labels.FLOOR, labels.NOISE_SD, labels.DRIFT_SD, labels.START)
            },
        }
    )
    score = xr.Dataset({"score": (labels.dims("score"), np.linspace(1, 0.2, 9)[None])})
    tree = xr.DataTree.from_dict(
        {"posterior": posterior, "observed_data": score, "constant_data": xr.Dataset()}
    )
    tree.attrs = {"model": "diversity_decay", "seed": "1", "options": "{}"}
    found = summary(tree)
    assert "6.58 generations" in found.attrs["answer"]
    assert "cannot be told from the score alone" in found.attrs["answer"]
    assert list(summary_table(found).columns) == ["5%", "50%", "95%"]


def test_mistakes_are_told() -> None:
    with pytest.raises(ValueError, match="says nothing of 'image_diversity'"):
        summary(fitted(), variable="image_diversity")
    with pytest.raises(ValueError, match="horizon"):
        summary(fitted(), 0)
    with pytest.raises(TypeError, match="expected what fit returns"):
        summary(xr.DataTree())
