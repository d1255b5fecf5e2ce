"""Transformers: forward passes against loops over tokens, gradient descent, training, tasks."""

from __future__ import annotations

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from tests import retraining_twin as twin
from tests.statistics import combine, level, mean_is, same_mean
from toolkit.systems import InContextRegression
from toolkit.theory import number
from toolkit.theory.in_context import best_descent, closed_form_transformer
from toolkit.transformers import (
    Attention,
    Tasks,
    Weights,
    coefficients,
    gradient_descent_weights,
    predictions,
    second_moments,
    train,
)
from toolkit.transformers.tasks import draw_moments, draw_prompts, evaluated, gain

#: Four comparisons here, one in the tests of its theory.
ALPHA = level("transformers", 5)
TASK: dict[str, Any] = {"num_inputs": 3, "context": 6, "prior_variance": 1.0, "noise_sd": 0.5}


def random_weights(layers: int, num_inputs: int, seed: int = 1) -> Weights:
    rng = np.random.default_rng(seed)
    width = num_inputs + 1
    return Weights(*jnp.asarray(rng.normal(0, 0.4, (2, layers, width, width))))


def prompt(number: int, num_inputs: int, seed: int = 2) -> tuple[np.ndarray, np.ndarray]:
    """Examples, and weights some of which are 0."""
    rng = np.random.default_rng(seed)
    weight = rng.integers(0, 3, number) * 1.0
    weight[0] = 1.0
    return rng.standard_normal((number, num_inputs + 1)), weight


def by_loops(attention: Attention, weights: Weights, examples: np.ndarray, weight: np.ndarray,
             inputs: np.ndarray) -> np.ndarray:  # fmt: skip
    """One token, one example at a time."""
    family = InContextRegression(
        coef=np.zeros(inputs.shape[1]), noise_sd=0.0, attention=attention,
        projection=np.asarray(weights.projection), key_query=np.asarray(weights.key_query),
    )  # fmt: skip
    share = weight / weight.sum()
    tokens = [*map(np.array, examples), *(np.append(x, 0.0) for x in inputs)]
    for p, q in zip(family.projection, family.key_query, strict=True):
        context = tokens[: len(examples)]
        moved = []
        for token in tokens:
            scores = [float(e @ q @ token) for e in context]
            if attention == "softmax":
                scores = [float(np.exp(score)) for score in scores]
            total = sum(w * s for w, s in zip(share, scores, strict=True))
            parts = [w * s * e for w, s, e in zip(share, scores, context, strict=True)]
            whole = np.sum(parts, axis=0) / (total if attention == "softmax" else 1.0)
            moved.append(token + p @ whole)
        tokens = moved
    return np.array([-token[-1] for token in tokens[len(examples) :]])


@pytest.mark.parametrize("attention", ["linear", "softmax"])
@pytest.mark.parametrize("layers", [1, 2, 3])
def test_the_forward_pass_is_that_of_loops_over_tokens(attention: Attention, layers: int) -> None:
    weights = random_weights(layers, 3)
    examples, weight = prompt(7, 3)
    inputs = np.random.default_rng(3).standard_normal((4, 3))
    ours = predictions(attention, weights, jnp.asarray(examples), jnp.asarray(weight), inputs)
    expected = by_loops(attention, weights, examples, weight, inputs)
    np.testing.assert_allclose(ours, expected, rtol=1e-11, atol=1e-12)


@pytest.mark.parametrize("layers", [1, 2, 3])
def test_linear_attention_predicts_with_coefficients(layers: int) -> None:
    weights = random_weights(layers, 3)
    examples, weight = (jnp.asarray(one) for one in prompt(7, 3))
    coef = coefficients(weights, second_moments(examples, weight / weight.sum()))
    inputs = jnp.asarray(np.random.default_rng(3).standard_normal((4, 3)))
    found = predictions("linear", weights, examples, weight, inputs)
    np.testing.assert_allclose(inputs @ coef, found, rtol=1e-11, atol=1e-12)


@pytest.mark.parametrize("steps", [[0.7], [0.9, 0.3], [0.5, 1.1, 0.2]])
def test_layers_are_steps_of_gradient_descent(steps: list[float]) -> None:
    examples, weight = prompt(9, 4)
    share = weight / weight.sum()
    x, y = examples[:, :-1], examples[:, -1]
    coef = np.zeros(4)
    for step in steps:
        coef = coef - step * (share * (x @ coef - y)) @ x
    weights = gradient_descent_weights(steps, 4)
    found = coefficients(weights, second_moments(jnp.asarray(examples), jnp.asarray(share)))
    np.testing.assert_allclose(found, coef, rtol=1e-12, atol=1e-13)


def test_examples_of_weight_0_are_not_there() -> None:
    weights = random_weights(2, 3)
    examples, _ = prompt(7, 3)
    weight = jnp.array([1.0, 2.0, 0.0, 1.0, 0.0, 0.5, 0.0])
    kept = np.asarray(weight) > 0
    inputs = jnp.eye(3)
    attentions: tuple[Attention, ...] = ("linear", "softmax")
    for attention in attentions:
        whole = predictions(attention, weights, jnp.asarray(examples), weight, inputs)
        fewer = predictions(attention, weights, jnp.asarray(examples[kept]), weight[kept], inputs)
        np.testing.assert_allclose(whole, fewer, rtol=1e-12)


@partial(jax.jit, static_argnums=(0, 2, 3))
def summaries(tasks: Tasks, key: jax.Array, number: int, literal: bool) -> jax.Array:
    """Squared length of ``u``, its product with the coefficients, mean squared label, by prompt."""
    if literal:
        drawn = draw_prompts(tasks, key, number, 1)
        share = drawn.weight / jnp.sum(drawn.weight, axis=1, keepdims=True)
        coef, moments = drawn.coef, jax.vmap(second_moments)(drawn.examples, share)
    else:
        coef, moments = draw_moments(tasks, key, number)
    step = moments[:, :-1, -1]
    return jnp.stack(
        [jnp.sum(step**2, axis=1), jnp.sum(step * coef, axis=1), moments[:, -1, -1] ** 2]
    )


def test_tasks_drawn_by_moments_and_by_examples_have_one_law() -> None:
    tasks, size = Tasks(3, (6, 6), 1.5, 0.5), 100_000
    literal = np.asarray(summaries(tasks, jax.random.key(2), size, True))

    def p_value(of: Tasks) -> float:
        moments = np.asarray(summaries(of, jax.random.key(3), size, False))
        pairs = zip(moments, literal, strict=True)
        return combine({str(at): same_mean(*pair) for at, pair in enumerate(pairs)}).p_value

    assert p_value(tasks) >= ALPHA
    assert p_value(tasks._replace(context=(7, 7))) < ALPHA
    assert p_value(tasks._replace(prior_variance=1.05 * 1.5)) < ALPHA


def test_lengths_of_prompts_fill_their_range() -> None:
    drawn = draw_prompts(Tasks(2, (3, 5)), jax.random.key(1), 300, 1)
    assert set(np.asarray(drawn.weight.sum(axis=1)).astype(int)) == {3, 4, 5}


def test_the_error_at_a_gain_is_that_of_the_theorem_and_5_percent_more_gain_is_noticed() -> None:
    tasks = Tasks.of_length(3, 6, 1.0, 0.5)
    expected = number(
        "attention_error",
        num_features=3,
        num_context=6,
        attention_gain=1.0,
        prior_variance=1.0,
        label_noise=0.25,
    )
    for of_gain, right in ((1.0, True), (1.05, False)):
        weights = gradient_descent_weights([of_gain], 3)
        error = evaluated("linear", weights, tasks, jax.random.key(4), 100_000)
        assert (mean_is(np.asarray(error), expected) >= ALPHA) is right


def test_the_closed_form_has_the_error_that_it_says() -> None:
    tasks = Tasks.of_length(3, 6, 1.0, 0.5)
    for layers in (1, 2):
        found = best_descent(**TASK, layers=layers)
        weights = gradient_descent_weights(found.steps, 3)
        error = evaluated("linear", weights, tasks, jax.random.key(4), 100_000)
        assert mean_is(np.asarray(error), found.error) >= ALPHA
        assert mean_is(np.asarray(error), 1.05 * found.error) < ALPHA


def test_training_finds_the_closed_form() -> None:
    tasks = Tasks.of_length(3, 6, 1.0, 0.5)
    one = train(tasks, seeds=(1, 2), steps=600, batch_size=256)
    for index in range(2):
        found, apart = gain(one.of(index), tasks, jax.random.key(6), 4000)
        assert float(found) == pytest.approx(best_descent(**TASK).steps[0], abs=0.01)
        assert float(apart) < 2e-3
    two = train(tasks, seeds=(1,), layers=2, restricted=True, steps=600, batch_size=256)
    steps = np.sort(-np.asarray(two.of(0).projection)[:, -1, -1])[::-1]
    np.testing.assert_allclose(steps, best_descent(**TASK, layers=2).steps, atol=0.03)


def test_seeds_are_trained_apart_and_again_alike() -> None:
    tasks = Tasks.of_length(2, 5)
    both, again = (train(tasks, seeds=seeds, steps=3) for seeds in ((1, 2), (2, 7)))
    np.testing.assert_allclose(both.of(1).projection, again.of(0).projection, rtol=1e-12)
    assert not np.allclose(both.of(0).projection, both.of(1).projection)
    assert both.loss.shape == (2, 3)


def test_softmax_attention_is_trained_to_a_smaller_error() -> None:
    tasks = Tasks.of_length(2, 8)
    trained = train(tasks, seeds=(1,), attention="softmax", steps=150, batch_size=64)
    assert trained.loss[0, -20:].mean() < 0.8 * trained.loss[0, :20].mean()


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"seeds": ()}, "seeds must be different numbers"),
        ({"seeds": (1, 1)}, "seeds must be different numbers"),
        ({"restricted": True, "attention": "softmax"}, "restricted training is of linear"),
        ({"layers": 0}, "layers must be at least 1, not 0"),
        ({"steps": 0}, "steps must be at least 1, not 0"),
    ],
)
def test_bad_arguments_of_training_are_named(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        train(Tasks.of_length(2, 5), **{"seeds": (1,)} | changes)


def test_the_closed_form_is_gradient_descent() -> None:
    weights = closed_form_transformer(**TASK, layers=2)
    expected = gradient_descent_weights(best_descent(**TASK, layers=2).steps, 3)
    np.testing.assert_array_equal(weights.projection, expected.projection)


def test_the_twin_of_the_loop_answers_alike() -> None:
    weights = random_weights(2, 2)
    family = InContextRegression(
        coef=[0.0, 0.0], noise_sd=0.0, attention="softmax",
        projection=np.asarray(weights.projection), key_query=np.asarray(weights.key_query),
    )  # fmt: skip
    examples, weight = prompt(6, 2)
    inputs = np.random.default_rng(3).standard_normal((4, 2))
    answers = twin.TransformerModel(family).fit(examples, weight).answers(inputs)
    expected = by_loops("softmax", weights, examples, weight, inputs)
    np.testing.assert_allclose(answers, expected, rtol=1e-11)
