"""Recursive stability: against closed forms, against enumeration, and what is refused."""

import itertools
from typing import Any

import numpy as np
import pytest
from scipy import stats

import toolkit as tk
from tests.statistics import level
from toolkit import labels
from toolkit.systems.files import system_from_json
from toolkit.theory import predicted_stability


def mean_of(
    policy: tk.Mix | tk.Replace, real: int = 20, generated: int = 30
) -> tk.RetrainingSystem:
    family = tk.Gaussian(mean=[0.0], cov=[[2.25]], known_cov=True)
    return tk.RetrainingSystem(family=family, policy=policy, num_real=real, num_generated=generated)


@pytest.fixture(scope="module", params=[tk.Mix(), tk.Replace()], ids=lambda policy: policy.name)
def gaussian(request: pytest.FixtureRequest) -> Any:
    system = mean_of(request.param)
    found = tk.recursive_stability(
        system, generations=6, replicates=800, seed=1, domain=[[-3.0], [3.0]], candidates=4,
        typical=2, confidence=0.9999,
    )  # fmt: skip
    return system, found


def test_paired_examples_of_a_gaussian_stay_as_far_apart_as_their_means(gaussian: Any) -> None:
    system, found = gaussian
    apart = found.example_distance.values[:, None] / system.num_real
    np.testing.assert_allclose(found.wasserstein_coupled, np.broadcast_to(apart, (3, 7)), rtol=1e-9)
    np.testing.assert_allclose(found.wasserstein_dual, found.wasserstein_coupled, rtol=1e-9)
    np.testing.assert_allclose(found.wasserstein_low, found.wasserstein_high, rtol=1e-6)


def test_intervals_hold_the_closed_form(gaussian: Any) -> None:
    system, found = gaussian
    before = np.asarray(system_from_json(found.attrs[labels.SYSTEM]).real_data)
    for index in range(found.sizes[labels.NEIGHBOUR]):
        row, after = int(found.changed_row[index]), found.changed_example[index].values
        exact = predicted_stability(system, generations=6, before=before[row], after=after)
        low, high = (found[end][index].values for end in (labels.TV_LOW, labels.TV_HIGH))
        assert np.all(low <= exact.total_variation)
        assert np.all(exact.total_variation <= high)


def test_the_worst_neighbour_is_at_an_end_of_the_domain(gaussian: Any) -> None:
    _, found = gaussian
    assert abs(float(found.changed_example[0, 0])) == 3.0
    assert np.all(found.example_distance.values[0] >= found.example_distance.values[1:])


@pytest.mark.parametrize("policy", [tk.Mix(), tk.Replace()], ids=lambda policy: policy.name)
@pytest.mark.parametrize("inputs", [None, "orthogonal"])
def test_two_sample_estimates_agree_with_closed_forms_and_reject_a_wrong_one(
    policy: Any, inputs: str | None
) -> None:
    """The first model's shift decides: a tenth more of it must be seen."""
    generator = np.random.default_rng(3)
    if inputs is None:
        system = mean_of(policy, 20, 20)
        data = generator.uniform(-2, 2, (20, 1))
    else:
        family = tk.LinearRegression(coef=[1.0, -1.0], noise_sd=0.8, inputs="orthogonal")
        system = tk.RetrainingSystem(family=family, policy=policy, num_real=20, num_generated=20)
        x = np.linalg.qr(generator.normal(size=(20, 2)))[0] * np.sqrt(20)
        data = np.column_stack([x, x @ [1.0, -1.0] + generator.normal(size=20)])
    other = data.copy()
    other[0, -1] += 3.0
    share = 0.5 if isinstance(policy, tk.Mix) else 0.0
    pair = []
    for values in (data, other):
        simulated = tk.simulate(
            system.replace(real_data=values), generations=4, replicates=100_000, seed=2,
            record=[labels.MODEL_LOCATION],
        )  # fmt: skip
        fits = simulated.model_location
        fits.values[:, 1:] = (fits.values[:, 1:] - share * fits.values[:, :1]) / (1 - share)
        pair.append(simulated)
    measured = tk.paired_distance(*pair, variable=labels.MODEL_LOCATION)
    given = {"generations": 3, "before": data[0]}
    exact = predicted_stability(system, after=other[0], **given).total_variation.values
    after = other[0] * 1.0
    after[-1] += 0.3
    wrong = predicted_stability(system, after=after, **given).total_variation.values
    value = measured[labels.TV_HELD_OUT].values[1:]
    error = measured[labels.TV_HELD_OUT + labels.OF_ERROR].values[1:]
    reach = stats.norm.isf(level("stability: closed forms") / 32)
    assert np.all(np.abs(value - exact) < reach * error)
    assert np.any(np.abs(value - wrong) > reach * error)


def test_total_variation_of_categories_is_that_of_their_chain() -> None:
    """Two categories: the counts are a Markov chain, whose laws are enumerated."""
    number = 8
    system = tk.RetrainingSystem(
        family=tk.Categorical(probs=[0.5, 0.5]), policy=tk.Replace(), num_real=number,
        num_generated=number, real_data=np.repeat([[0.0], [1.0]], [3, 5], axis=0),
    )  # fmt: skip
    found = tk.recursive_stability(
        system, generations=4, replicates=1600, seed=4, changes=[(0, [1.0])], confidence=0.9999
    )
    counts = np.arange(number + 1)
    step = stats.binom.pmf(counts[None], number, counts[:, None] / number)
    laws = np.eye(number + 1)[[3, 2]]
    for generation in range(5):
        laws = laws @ step
        exact = np.abs(laws[0] - laws[1]).sum() / 2
        here = found.isel(neighbour=0, generation=generation)
        assert float(here.total_variation_low) <= exact <= float(here.total_variation_high)
    # The mixture over many runs is near the truth, not only above it.
    assert abs(float(here.total_variation_mixture) - exact) < 0.05


def test_nothing_changes_where_nothing_is_changed() -> None:
    system = mean_of(tk.Mix()).replace(real_data=np.linspace(-1, 1, 20)[:, None])
    found = tk.recursive_stability(
        system, generations=2, replicates=16, seed=1, changes=[(0, [-1.0])]
    )
    for name in (labels.WASSERSTEIN_COUPLED, labels.TV_COUPLED, labels.TV_HELD_OUT):
        np.testing.assert_allclose(found[name], 0, atol=1e-12)
    assert list(found.neighbour.values) == ["given 1"]


def test_a_selection_has_no_density() -> None:
    system = mean_of(tk.Curated(choices=2))
    found = tk.recursive_stability(
        system, generations=1, replicates=16, seed=1, candidates=2, typical=0
    )
    assert np.all(np.isnan(found.total_variation_high))
    assert np.all(found.wasserstein_high > 0)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"replicates": 12}, "multiple of 8"),
        ({"domain": [[-3.0, 0.0], [3.0, 1.0]]}, "domain must hold"),
        ({"domain": [[-0.5], [0.5]]}, "outside the domain"),
        ({"changes": []}, "changes is empty"),
        ({"changes": [1]}, r"a change is \(row, example\), not 1"),
        ({"changes": [(20, [0.0])]}, "row from 0 to 19"),
        ({"changes": [(0, [0.0, 1.0])]}, "1 numbers"),
        ({"confidence": 1.0}, "confidence must lie"),
        ({"typical": -1}, "typical must be"),
    ],
)
def test_bad_arguments_are_told(changes: dict[str, Any], message: str) -> None:
    system = mean_of(tk.Mix()).replace(real_data=np.linspace(-1, 1, 20)[:, None])
    given = {"generations": 1, "replicates": 16, "seed": 1} | changes
    with pytest.raises(ValueError, match=message):
        tk.recursive_stability(system, **given)


def test_other_loops_are_sent_to_trajectories() -> None:
    system = tk.CoevolvingSystem.on_unit_circle(num_texts=2, variance=1.0, batch_size=10)
    with pytest.raises(ValueError, match="paired_distance"):
        tk.recursive_stability(system, generations=1, replicates=8, seed=1)


def test_unknown_closed_forms_say_why() -> None:
    cases = itertools.chain(
        [(tk.Categorical(probs=[0.5, 0.5]), tk.Mix(), "only gaussian")],
        [(tk.Gaussian(mean=[0.0], cov=[[1.0]]), tk.Mix(), "known_cov")],
        [(tk.LinearRegression(coef=[1.0], noise_sd=1.0), tk.Mix(), "orthogonal")],
        [(tk.Gaussian(mean=[0.0], cov=[[1.0]]), tk.Accumulate(), "mix or replace")],
    )
    for family, policy, message in cases:
        system = tk.RetrainingSystem(family=family, policy=policy, num_real=9, num_generated=9)
        with pytest.raises(ValueError, match=message):
            predicted_stability(system, generations=1, before=[0.0], after=[1.0])


def test_a_fitted_variance_is_known_in_wassersteins_distance() -> None:
    """Every pair of examples moves monotonically: the pairing attains the distance."""
    data = np.linspace(-2, 2, 12)[:, None]
    system = tk.RetrainingSystem(
        family=tk.Gaussian(mean=[0.0], cov=[[1.0]]), policy=tk.Replace(), num_real=12,
        num_generated=10, real_data=data,
    )  # fmt: skip
    exact = predicted_stability(system, generations=3, before=data[0], after=[2.0])
    pair = []
    for values in (data, np.vstack([[[2.0]], data[1:]])):
        simulated = tk.simulate(
            system.replace(real_data=values), generations=3, replicates=100_000, seed=5,
            record=[labels.MODEL_PARAMETERS],
        )  # fmt: skip
        mean, variance = np.moveaxis(simulated.model_parameters.values[:, :, 0], -1, 0)
        pair.append((mean, np.sqrt(variance)))
    means, deviations = (pair[1][part] - pair[0][part] for part in range(2))
    squared = means**2 + deviations**2
    error = squared.std(axis=0, ddof=1) / np.sqrt(squared.shape[0])
    reach = stats.norm.isf(level("stability: closed forms") / 32)
    apart = np.abs(squared.mean(axis=0) - exact.wasserstein.values**2)
    assert np.all(apart <= reach * error + 1e-12)
