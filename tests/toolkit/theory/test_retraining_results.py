"""Predictions of retrained models: closed forms, simulations, and where nothing is known."""

import numpy as np
import pytest

import toolkit as tk
from tests.statistics import level
from toolkit import labels
from toolkit.compare import has_alarm
from toolkit.theory import number

ML = tk.Gaussian(mean=[0.0], cov=[[2.0]], ddof=0)
UNBIASED = tk.Gaussian(mean=[0.0], cov=[[2.0]])
DESIGN = tk.LinearRegression(coef=[1.0, -1.0], noise_sd=0.5, inputs="orthogonal")
GENERATIONS = np.arange(31)


def system(
    policy: tk.systems.policies.Policy = tk.Replace(),  # noqa: B008
    family: tk.systems.families.Family = ML,
    num_real: int = 20,
    num_generated: int = 30,
    **same: object,
) -> tk.RetrainingSystem:
    return tk.RetrainingSystem(
        family=family, policy=policy, num_real=num_real, num_generated=num_generated, **same
    )


def curve(one: tk.RetrainingSystem, result: str = "retraining_error") -> np.ndarray:
    predicted = tk.predict(one, generations=30).predicted.sel({labels.RESULT: result})
    return predicted.isel({labels.MODEL: 0}).values


CLOSED = {
    "replaced_location_unbiased": (system(family=UNBIASED), ("num_real", "num_generated")),
    "replaced_location_known": (system(family=DESIGN), ("num_real", "num_generated")),
    "replaced_location_ml": (system(), ("num_real", "num_generated")),
    "mixed_location": (
        system(tk.Mix(), DESIGN),
        ("num_real", "num_generated", "synthetic_ratio"),
    ),
    "mixed_location_ml": (system(tk.Mix()), ("num_real", "num_generated", "synthetic_ratio")),
    "accumulated_location": (
        system(tk.Accumulate(), DESIGN, num_real=30),
        ("num_generated",),
    ),
    "accumulated_location_ml": (system(tk.Accumulate(), num_real=30), ("num_generated",)),
    "fresh_location": (
        system(tk.Fresh(num_fresh=20, weight=0.4), DESIGN),
        ("num_real", "num_generated", "fresh_weight"),
    ),
    "fresh_location_ml": (
        system(tk.Fresh(num_fresh=20, weight=0.4)),
        ("num_real", "num_generated", "fresh_weight"),
    ),
    "reservoir_location_ml": (
        system(tk.Budget(size=30, keep="reservoir"), num_real=30),
        ("num_generated", "training_budget"),
    ),
}


@pytest.mark.parametrize("name", CLOSED)
def test_steps_iterated_are_the_closed_forms(name: str) -> None:
    one, wanted = CLOSED[name]
    variance = 0.25 * 2 if one.family is DESIGN else 2.0
    known = {
        "num_real": one.num_real,
        "num_generated": one.num_generated,
        "synthetic_ratio": one.synthetic_ratio,
        "fresh_weight": 0.4,
        "training_budget": 30,
    }
    given = {key: known[key] for key in wanted}
    expected = number(name, generations=GENERATIONS, real_variance=variance, **given)
    np.testing.assert_allclose(curve(one), expected, rtol=1e-11)


def test_levels_are_where_the_errors_go() -> None:
    for one in (
        system(tk.Mix()),
        system(tk.Mix(), DESIGN),
        system(tk.Fresh(num_fresh=9)),
        system(tk.Fresh(num_fresh=9, weight=0.5), DESIGN),
    ):
        error, level = curve(one), curve(one, "retraining_error_level")
        np.testing.assert_allclose(error[-1], level[-1], rtol=1e-3)
        assert np.ptp(level) == 0


def test_an_injection_that_always_comes_is_fresh_data_and_one_that_never_comes_is_none() -> None:
    always, fresh = tk.Injected(prob=1.0, num_fresh=9), tk.Fresh(num_fresh=9)
    np.testing.assert_allclose(curve(system(always)), curve(system(fresh)), rtol=1e-12)
    never = tk.Injected(prob=0.0, num_fresh=9)
    np.testing.assert_allclose(curve(system(never)), curve(system()), rtol=1e-12)


@pytest.mark.parametrize(
    "policy",
    [tk.Replace(), tk.Mix(), tk.Accumulate(), tk.Fresh(num_fresh=20)],
    ids=lambda policy: policy.name,
)
def test_simulations_agree_at_all_sizes_and_sizes_5_percent_less_do_not(
    policy: tk.systems.policies.Policy,
) -> None:
    sizes = [(30, 30), (60, 60)] if policy.name == "accumulate" else [(20, 60), (60, 20)]
    for num_real, num_generated in sizes:
        one = system(policy, UNBIASED, num_real, num_generated)
        simulated = tk.simulate(
            one,
            generations=10,
            replicates=40_000,
            seed=3,
            record=[labels.MODEL_ERROR, labels.MODEL_VARIANCE],
            progress=False,
        )
        alarm = level("retraining: predictions", 8)
        compared = tk.compare(simulated, tk.predict(one, generations=10), false_alarm=alarm)
        assert not has_alarm(compared), tk.verdict_table(compared)
        wrong = one.replace(num_real=num_real * 19 // 20, num_generated=num_generated * 19 // 20)
        if isinstance(policy, tk.Fresh):
            wrong = wrong.replace(policy=tk.Fresh(num_fresh=19))
        other = tk.predict(wrong, generations=10)
        assert has_alarm(tk.compare(simulated, other, false_alarm=alarm, other_system=True))


def test_what_is_not_known_is_said() -> None:
    curated = system(tk.Curated(choices=2))
    with pytest.raises(tk.theory.NothingPredictedError, match="policy 'curated'"):
        tk.predict(curated, generations=3)
    random_inputs = tk.LinearRegression(coef=[1.0], noise_sd=0.5)
    assert "orthogonal" in tk.theory.why_not(system(tk.Mix(), random_inputs))["retraining_error"]
    mixture = tk.GaussianMixture(weights=[1.0], means=[[0.0]], covs=[[[1.0]]])
    with pytest.raises(tk.theory.NothingPredictedError, match="family 'gaussian_mixture'"):
        tk.predict(system(family=mixture), generations=3)
    unequal = system(tk.Accumulate())
    with pytest.raises(tk.theory.NothingPredictedError, match="batches that are kept differ"):
        tk.predict(unequal, generations=3)
