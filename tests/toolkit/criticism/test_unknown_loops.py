"""Loops that do what a model does not know, and counts of what fits say of them."""

from __future__ import annotations

import numpy as np
import pytest

from toolkit import labels
from toolkit.criticism.many import judge_many
from toolkit.criticism.unknown_loops import UNKNOWN_LOOPS, UnknownLoop
from toolkit.models import MODELS, model_of


def loop_of(model: str, name: str) -> UnknownLoop:
    return next(one for one in UNKNOWN_LOOPS if (one.model, one.name) == (model, name))


@pytest.mark.parametrize("loop", UNKNOWN_LOOPS, ids=lambda one: f"{one.model}-{one.name}")
def test_every_loop_is_taken_by_its_model(loop: UnknownLoop) -> None:
    drawn = loop.make(np.random.default_rng(1))
    evidence = model_of(loop.model).prepare(drawn.dataset, **loop.options)
    assert evidence.data is not None
    assert all(np.isfinite(value) for value in drawn.truth.values())


def test_every_model_has_a_loop_as_it_assumes() -> None:
    assumed = {loop.model for loop in UNKNOWN_LOOPS if loop.assumed}
    assert assumed == {loop.model for loop in UNKNOWN_LOOPS} == set(MODELS) - {"coevolution"}


def test_injected_texts_are_new_or_the_old_ones() -> None:
    rng = np.random.default_rng(2)
    old = loop_of("text_drift", "as assumed").make(rng).dataset[labels.TEXT_PROBS].values
    new = loop_of("text_drift", "new texts").make(rng).dataset[labels.TEXT_PROBS].values
    assert old.shape[-1] == 4
    assert (new[:, 0, 4:] == 0).all()
    assert (new[:, -1, 4:] > 0).any()
    np.testing.assert_allclose(new.sum(axis=-1), 1)


def test_curated_texts_are_the_preferred_ones() -> None:
    rng = np.random.default_rng(3)
    drawn = [loop_of("text_drift", "curated outputs").make(rng) for _ in range(10)]
    last = np.mean([one.dataset[labels.TEXT_PROBS].values[:, -1] for one in drawn], axis=(0, 1))
    assert last[-1] > 0.5 > last[0]


def test_covariances_divided_by_n_are_smaller_by_that() -> None:
    means = {}
    for name in ("as assumed", "ddof 0"):
        cov = (
            loop_of("image_contraction", name)
            .make(np.random.default_rng(4))
            .dataset[labels.IMAGE_COV]
            .values
        )
        means[name] = cov[:, 1]
    np.testing.assert_allclose(means["ddof 0"], 59 / 60 * means["as assumed"], rtol=1e-9)


def test_noise_that_retraining_does_not_know_is_seen() -> None:
    quick = {"num_warmup": 100, "num_draws": 150}
    right = judge_many(loop_of("retraining", "as assumed"), 12, seed=5, **quick)
    wrong = judge_many(loop_of("retraining", "seen with noise"), 12, seed=5, **quick)
    assert right.alarm.mean() < 0.3 < wrong.alarm.mean()
    true = right.truth[labels.CONTRACTION_FACTOR]
    covered = (right.low[labels.CONTRACTION_FACTOR] <= true) & (
        true <= right.high[labels.CONTRACTION_FACTOR]
    )
    assert covered.mean() > 0.6
    assert wrong.p_value["score: memory"].mean() < right.p_value["score: memory"].mean()
