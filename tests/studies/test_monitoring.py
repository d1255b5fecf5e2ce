"""The study of monitoring: draws carried on as generations land, and what is counted of them."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np
import numpyro
import numpyro.distributions as dist
import pytest

from studies import _landing, _sequential, _study, monitoring
from studies._study import FAILS, HOLDS
from toolkit import labels
from toolkit.inference import density
from toolkit.models import Model, model_of
from toolkit.models.protocol import draw

LAST = 60
POINTS = (5, 20, LAST)


class Scores(NamedTuple):
    """Independent normal scores around the floor, with sd 1."""

    score: Any


def program(spec: Any, priors: Any, data: Scores) -> None:
    floor = draw(labels.FLOOR, priors[labels.FLOOR])
    numpyro.factor("score", -0.5 * (data.score - floor) ** 2)


def counted_twice(spec: Any, priors: Any, data: Scores) -> None:
    floor = draw(labels.FLOOR, priors[labels.FLOOR])
    numpyro.factor("score", -((data.score - floor) ** 2))


def normal_model(law: Callable[..., None]) -> Model:
    changes: dict[str, Any] = {"name": "normal", "program": law, "coordinates": None}
    return dataclasses.replace(model_of("diversity_decay"), **changes)


def exact(scores: np.ndarray, point: int) -> tuple[np.ndarray, float]:
    """Mean and sd of the posterior under the prior N(0, 4), generation 0 being one, too."""
    number = point + 1
    precision = number + 1 / 4
    return scores[:, :number].sum(axis=1) / precision, precision**-0.5


@pytest.fixture(scope="module")
def scores() -> np.ndarray:
    return 1 + np.random.default_rng(4).normal(size=(40, LAST + 1))


def carried(
    scores: np.ndarray, moves: int, law: Callable[..., None] = program
) -> _sequential.Followed:
    mean, sd = exact(scores, POINTS[0])
    first = mean[:, None] + sd * np.random.default_rng(5).normal(size=(len(scores), 400))
    prior = {labels.FLOOR: dist.Normal(0.0, 2.0)}
    return _sequential.follow(
        normal_model(law),
        None,
        prior,
        Scores(scores[:, None, :]),
        {labels.FLOOR: first},
        POINTS,
        moves=moves,
        seed=6,
    )


def off(found: _sequential.Followed, scores: np.ndarray, at: int) -> tuple[float, float]:
    """Root mean square error of the posterior means in sds, and the mean ratio of variances."""
    mean, sd = exact(scores, POINTS[at])
    draws = found.draws[labels.FLOOR][:, at]
    error = (draws.mean(axis=1) - mean) / sd
    return float(np.sqrt(np.mean(error**2))), float(np.mean(draws.var(axis=1) / sd**2))


def test_moved_draws_stay_those_of_the_posterior(scores: np.ndarray) -> None:
    found = carried(scores, 5)
    for at in range(len(POINTS)):
        error, ratio = off(found, scores, at)
        # 400 draws, not all independent: an error of .05 to .1 is theirs.
        assert error < 0.15, POINTS[at]
        assert 0.93 < ratio < 1.07, POINTS[at]
    assert found.effective[:, -1].min() > 100


def test_draws_that_are_not_moved_are_used_up(scores: np.ndarray) -> None:
    """Right weights, but of values that were drawn once."""
    stay, moved = carried(scores, 0), carried(scores, 5)
    assert (np.diff(np.median(stay.effective, axis=0)) < 0).all()
    assert np.median(stay.effective[:, -1]) < 0.5 * np.median(moved.effective[:, -1])
    kept = [
        np.isin(stay.draws[labels.FLOOR][i, -1], stay.draws[labels.FLOOR][i, 0]).mean()
        for i in range(len(scores))
    ]
    assert min(kept) > 0.9  # but for what the first choice left out
    assert (stay.resampled[:, -1] >= 1).all()


def test_a_wrong_likelihood_is_seen(scores: np.ndarray) -> None:
    """Every generation counted twice: the variance is half of what it is."""
    assert off(carried(scores, 5, counted_twice), scores, 2)[1] < 0.7


@pytest.mark.parametrize("name", ["text_drift", "diversity_decay"])
def test_the_first_terms_are_the_likelihood_of_what_had_landed(name: str) -> None:
    """Also where a drift is latent: what the filter predicts depends on the past alone."""
    loops = _landing.drawn(name, 2, 12, seed=3)
    model = model_of(name)
    values = {key: jnp.asarray(array[0]) for key, array in loops.truth.items()}
    terms = {}
    for end in (7, 12):
        evidence = model.prepare(loops.until(end)[0], **loops.options)
        target = density.target_of(model, evidence.spec)
        (found,) = density.log_likelihoods(target, values, loops.priors, evidence.data).values()
        terms[end] = np.asarray(found)[0]
    number = terms[7].size
    assert number < terms[12].size
    np.testing.assert_allclose(terms[12][:number], terms[7], rtol=1e-6, atol=1e-6)


def test_what_is_seen_of_a_loop_is_its_course_with_noise() -> None:
    loops = _landing.drawn("diversity_decay", 60, 30, seed=2)
    seen = np.stack([one[labels.SCORE].values[0] for one in loops.seen])
    scaled = (seen - loops.course) / loops.truth[labels.NOISE_SD][:, None]
    assert abs(scaled.mean()) < 0.12  # five standard errors
    assert abs(scaled.std() - 1) < 0.08


@pytest.mark.slow
def test_refits_are_calibrated_and_reweighted_draws_are_not() -> None:
    sizes = {"models": ("diversity_decay",), "num_datasets": 150, "checkpoints": (10, 160)}
    result = monitoring.run(_study.configuration(monitoring, **sizes))
    verdicts = {claim: one.outcome for claim, one in result.verdicts.items()}
    posterior = [o for claim, o in verdicts.items() if claim.startswith("Posteriors")]
    assert posterior == [HOLDS, FAILS, HOLDS]
    assert verdicts["The probability of a crossing is calibrated: refits"] == HOLDS
