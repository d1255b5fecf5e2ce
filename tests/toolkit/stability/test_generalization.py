"""The generalisation bound: parts of the gap against enumeration, terms against theorems."""

import itertools
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats

import toolkit as tk
from tests.statistics import level
from toolkit import labels
from toolkit.stability.gaps import Loss, sensitivity
from toolkit.systems.families import Points
from toolkit.theory import number

PROBS, REAL, GENERATED, CUT = np.array([0.6, 0.4]), 3, 2, 3.0


def loops(policy: tk.Mix | tk.Replace, **more: int) -> tk.RetrainingSystem:
    sizes = {"num_real": REAL, "num_generated": GENERATED} | more
    return tk.RetrainingSystem(family=tk.Categorical(probs=PROBS), policy=policy, **sizes)


def enumerated(keeps: bool) -> dict[str, float]:
    """Parts of the mean gap after one generation, by everything that may happen."""
    share = REAL / (REAL + GENERATED) if keeps else 0.0
    found = dict.fromkeys((labels.GAP_SHIFT, labels.GAP_REAL, labels.GAP_GENERATED), 0.0)
    pairs = itertools.product(range(REAL + 1), range(GENERATED + 1))
    for first, second in pairs:
        own, made = (np.array([k, n - k]) / n for k, n in ((first, REAL), (second, GENERATED)))
        chance = stats.binom.pmf(first, REAL, PROBS[0]) * stats.binom.pmf(second, GENERATED, own[0])
        fitted = share * own + (1 - share) * made
        with np.errstate(divide="ignore"):
            loss = np.clip(-np.log(fitted), 0, CUT)
        found[labels.GAP_SHIFT] += chance * (1 - share) * (PROBS - own) @ loss
        found[labels.GAP_REAL] += chance * share * (PROBS - own) @ loss
        found[labels.GAP_GENERATED] += chance * (1 - share) * (own - made) @ loss
    return found


@pytest.fixture(scope="module", params=[True, False], ids=["mix", "replace"])
def bound(request: pytest.FixtureRequest) -> Any:
    policy = tk.Mix() if request.param else tk.Replace()
    found = tk.generalization_bound(
        loops(policy), generations=2, replicates=2000, seed=1, loss_range=(0.0, CUT), candidates=4
    )
    return request.param, found


def test_every_part_of_the_gap_is_that_of_the_enumeration(bound: Any) -> None:
    keeps, found = bound
    reach = stats.norm.isf(level("stability: closed forms") / 32)
    for name, exact in enumerated(keeps).items():
        here = found.isel(generation=0)
        apart = abs(float(here[name]) - exact)
        assert apart <= reach * float(here[name + labels.OF_ERROR]) + 1e-12, name
    parts = sum(found[name] for name in enumerated(keeps))
    np.testing.assert_allclose(found.gap, parts, atol=1e-12)


def test_the_enumeration_would_see_a_wrong_share(bound: Any) -> None:
    keeps, found = bound
    other = enumerated(not keeps)[labels.GAP_GENERATED]
    here = found.isel(generation=0)
    apart = abs(float(here[labels.GAP_GENERATED]) - other)
    assert apart > 6 * float(here[labels.GAP_GENERATED + labels.OF_ERROR])


def test_the_terms_are_the_theorems(bound: Any) -> None:
    keeps, found = bound
    terms = found.bound_shift + found.bound_uniform + found.bound_recursive
    np.testing.assert_allclose(terms, found.bound_expected, rtol=1e-12)
    fits, error = found.generation.values, float(found.bound_shift[0])
    assert np.all(np.diff(found.bound_shift) > 0)
    assert error > 0
    assert float(found.loss_bound) == CUT
    if keeps:
        share = REAL / (REAL + GENERATED)
        ratio = number("distribution_shift", generation_error=1.0, generations=fits,
                       real_share=share)  # fmt: skip
        np.testing.assert_allclose(found.bound_shift / error, ratio / ratio[0])
        np.testing.assert_allclose(
            found.bound_recursive, share * CUT * found.recursive_stability, rtol=1e-12
        )
    else:
        np.testing.assert_allclose(found.bound_shift / error, fits)
        assert np.all(found.bound_recursive == 0)
    assert np.all(found.distribution_shift_sum <= found.distribution_shift_bound + 1e-12)
    assert np.all(np.abs(found.gap) <= found.bound_expected)
    assert np.all(found.gap_quantile <= found.bound_confident)
    assert np.array_equal(found.vacuous, found.bound_expected >= CUT)


def test_total_variations_are_those_of_the_laws() -> None:
    """Two Gaussians one standard deviation apart; a fit that adds nothing but its shift."""
    system = tk.RetrainingSystem(
        family=tk.Gaussian(mean=[0.0], cov=[[1.0]], known_cov=True), policy=tk.Replace(),
        num_real=200, num_generated=10**6, real_data=np.linspace(0, 2, 200)[:, None],
    )  # fmt: skip
    from toolkit.stability.gaps import first_errors

    law, params = system.family.law, system.family.parameters
    moved = params._replace(mean=jnp.ones((400, 1)), root=jnp.ones((400, 1, 1)))
    keys = jax.random.split(jax.random.key(1), 400)
    errors = np.asarray(first_errors((law, law, 500), params, moved, keys))
    exact = 2 * stats.norm.cdf(0.5) - 1
    assert abs(errors.mean() - exact) < 6 * errors.std() / np.sqrt(400)
    assert errors.std() / np.sqrt(400) < 0.01


def test_sensitivity_is_the_largest_change_that_is_tried() -> None:
    law, loss = tk.Categorical(probs=PROBS).law, Loss(jnp.asarray(0.0), jnp.asarray(CUT))
    values = np.array([0.0, 0.0, 1.0, 0.0])
    data = Points(jnp.asarray(values)[None, :, None], jnp.ones((1, 4)))
    rows, examples = jnp.asarray([0, 2]), jnp.asarray([[1.0], [0.0]])
    points = jnp.asarray([[0.0], [1.0]])
    before = jnp.asarray(PROBS)[None]
    found = np.asarray(sensitivity(law, loss, before, data, rows, examples, points))[0]

    def losses(one: np.ndarray) -> np.ndarray:
        counts = np.bincount(one.astype(int), minlength=2) / 4
        with np.errstate(divide="ignore"):
            return np.clip(-np.log(counts), 0, CUT)

    for change, (row, new) in enumerate(((0, 1.0), (2, 0.0))):
        other = values.copy()
        other[row] = new
        slow = np.abs(losses(other) - losses(values)).max()
        np.testing.assert_allclose(found[change], slow)


@pytest.mark.parametrize(
    ("system", "given", "message"),
    [
        (loops(tk.Mix()), {"replicates": 9}, "multiple of 8"),
        (loops(tk.Mix()), {"loss_range": (3.0, 0.0)}, "low before high"),
        (loops(tk.Mix()), {"loss_range": 3.0}, "low, high"),
        (loops(tk.Mix()), {"error_chance": 0.0}, "error_chance must lie"),
        (loops(tk.Accumulate()), {}, "give policy Mix"),
        (loops(tk.Mix(), growth=1.0), {}, "growth = 0"),
    ],
)
def test_bad_arguments_are_told(system: Any, given: dict[str, Any], message: str) -> None:
    arguments = {"generations": 1, "replicates": 16, "seed": 1} | given
    with pytest.raises(ValueError, match=message):
        tk.generalization_bound(system, **arguments)
