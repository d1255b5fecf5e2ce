"""Configurations: every family and policy goes to a file and back, every bad value is named."""

from __future__ import annotations

import tomllib
from typing import Any

import numpy as np
import pytest

import toolkit as tk
from tests.toolkit.retraining import cases
from tests.toolkit.retraining.cases import GAUSSIAN, SYSTEMS
from toolkit.loops import loop_of
from toolkit.systems import (
    Accumulate,
    Budget,
    Categorical,
    Curated,
    ExponentialFamily,
    Fresh,
    Gaussian,
    GaussianMixture,
    Injected,
    KernelDensity,
    LinearRegression,
    Mix,
    Network,
    Replace,
    RetrainingSystem,
    system_from_dict,
    system_from_json,
)
from toolkit.systems.families import FAMILIES
from toolkit.systems.families.members import MEMBERS
from toolkit.systems.policies import POLICIES

#: Parameters of each member, all of them inside their range.
VALUES = {
    "poisson": [2.0],
    "geometric": [0.3],
    "exponential": [2.0],
    "gamma": [2.0, 1.0],
    "beta": [2.0, 3.0],
}
OTHERS = {
    **{
        name: cases.system(ExponentialFamily(member=name, values=VALUES[name]), Mix())
        for name in MEMBERS
    },
    "every option": cases.system(
        GAUSSIAN,
        Curated(choices=3, score=(2.0,), with_real=True),
        real=cases.MIXTURE,
        growth=0.5,
        temperature=0.7,
        first_fit=False,
        real_seed=2**62,
        network=Network(weights=[[0.5, 0.5], [0.0, 1.0]]),
    ),
    "accumulate": cases.system(
        KernelDensity(points=[[0.0]], bandwidth=0.0, relative=False), Accumulate()
    ),
    "fresh, equal weights": cases.system(GAUSSIAN, Fresh(num_fresh=3)),
}
ALL = SYSTEMS | OTHERS


def test_files_of_every_family_and_policy_are_tried() -> None:
    assert {one.family.name for one in ALL.values()} == set(FAMILIES)
    assert {one.policy.name for one in ALL.values()} == set(POLICIES)


@pytest.mark.parametrize("name", ALL)
def test_every_system_goes_to_toml_and_json_and_back(name: str) -> None:
    system = ALL[name]
    for copy in (
        system_from_dict(tomllib.loads(system.to_toml())),
        system_from_json(system.to_json()),
    ):
        assert isinstance(copy, RetrainingSystem)
        assert copy == system
        assert hash(copy) == hash(system)
        assert copy.policy == system.policy
        assert type(copy.family) is type(system.family)
        assert copy.to_toml() == system.to_toml()


def test_a_file_written_by_hand() -> None:
    text = """
    system = "retraining"
    num_real = 100
    num_generated = 50
    [family]
    name = "gaussian"
    mean = [0.0]
    cov = [[1.0]]
    [policy]
    name = "fresh"
    num_fresh = 20
    [network]
    weights = [[0.5, 0.5], [0.5, 0.5]]
    """
    system = system_from_dict(tomllib.loads(text))
    expected = RetrainingSystem(
        family=Gaussian(mean=[0.0], cov=[[1.0]]),
        policy=Fresh(num_fresh=20),
        num_real=100,
        num_generated=50,
        network=Network(weights=np.full((2, 2), 0.5)),
    )
    assert system == expected
    assert expected.synthetic_ratio == 0.5
    assert expected.num_models == 2


GOOD: dict[str, Any] = {"family": GAUSSIAN, "policy": Mix(), "num_real": 20, "num_generated": 20}
PLANE = Gaussian(mean=[0.0, 0.0], cov=np.eye(2))

BAD_SYSTEMS: list[tuple[dict[str, Any], str]] = [
    ({"family": "gaussian"}, "family must be a Family, not str."),
    ({"policy": GAUSSIAN}, "policy must be a Policy, not Gaussian."),
    ({"real": 3}, "real must be a Family, not int."),
    ({"network": [[1.0]]}, "network must be a Network, not list."),
    ({"num_real": 0}, "num_real must be at least 1, not 0."),
    ({"num_real": 2.5}, "num_real must be a whole number, not 2.5."),
    ({"num_generated": 2**54}, "num_generated must be at most 2**53, where counts are exact."),
    (
        {"family": PLANE, "num_generated": 2},
        "num_generated must be at least 3, not 2: fewer have no fit in the family 'gaussian'.",
    ),
    (
        {"family": Gaussian(mean=[0.0], cov=[[1.0]], ddof=7), "num_real": 7},
        "num_real must be at least 8, not 7: fewer have no fit in the family 'gaussian'.",
    ),
    ({"growth": -1}, "growth must lie in [0, inf), not -1."),
    ({"temperature": 0}, "temperature must lie in (0, inf), not 0."),
    (
        {"family": cases.MIXTURE, "temperature": 0.5},
        (
            "temperature must be 1 for the family 'gaussian_mixture', whose powers are no members "
            "of it."
        ),
    ),
    ({"first_fit": 1}, "first_fit must be true or false, not 1."),
    ({"real_seed": -1}, "real_seed must be at least 0, not -1."),
    ({"real_seed": 2**63}, f"real_seed must be below 2**63, not {2**63}."),
    (
        {"real": PLANE},
        "examples of real have 2 numbers, those of the family 1; they must be alike.",
    ),
    (
        {"family": Categorical(probs=[0.5, 0.5]), "real": Categorical(probs=[0.5, 0.25, 0.25])},
        "real must be a categorical law of 2 categories, as the family.",
    ),
    (
        {"family": Categorical(probs=[0.5, 0.5]), "real": GAUSSIAN},
        "real must be a categorical law of 2 categories, as the family.",
    ),
    (
        {"policy": Budget(size=41)},
        (
            "policy.size must lie between 2 (a fit needs them) and num_real + num_generated = 40 "
            "(the first training set), not 41."
        ),
    ),
    (
        {"policy": Curated(choices=2, score=(1.0, 2.0))},
        "policy.score must hold 1 weights, one for each number of an example, not 2.",
    ),
]

BAD_PARTS: list[tuple[Any, dict[str, Any], str]] = [
    (Categorical, {"probs": [1.0]}, "probs must hold at least 2 categories."),
    (Categorical, {"probs": [0.5, 0.6]}, "probs must sum to 1, but the sum is 1.1; divide by it."),
    (Gaussian, {"mean": [], "cov": []}, "mean is empty; give one number per feature."),
    (
        Gaussian,
        {"mean": [0.0], "cov": [[-1.0]]},
        "cov is not positive definite: its smallest eigenvalue is -1.",
    ),
    (Gaussian, {"mean": [0.0], "cov": [[1.0]], "ddof": -1}, "ddof must be at least 0, not -1."),
    (
        ExponentialFamily,
        {"member": "normal", "values": [1.0]},
        "member must be one of poisson, geometric, exponential, gamma, beta, not 'normal'.",
    ),
    (
        ExponentialFamily,
        {"member": "gamma", "values": [1.0]},
        "values must hold shape and rate of a gamma law, but its shape is (1,).",
    ),
    (
        ExponentialFamily,
        {"member": "geometric", "values": [1.0]},
        "values must lie between 0 and 1 for a geometric law, not [1.0].",
    ),
    (
        GaussianMixture,
        {"weights": [0.5, 0.5], "means": [[0.0]], "covs": [[[1.0]]]},
        (
            "means must have shape (num_components, num_features) with num_components = 2 as in "
            "weights, but it has (1, 1)."
        ),
    ),
    (
        GaussianMixture,
        {"weights": [1.0], "means": [[0.0]], "covs": [[[1.0]]], "em_steps": 0},
        "em_steps must be at least 1, not 0.",
    ),
    (
        KernelDensity,
        {"points": [[0.0]], "bandwidth": 0.1},
        "points must have shape (at least 2, num_features), not (1, 1).",
    ),
    (
        KernelDensity,
        {"points": [[0.0, 0.0], [1.0, 1.0], [2.0, 2.0]], "bandwidth": 0.1},
        "points lie in a plane: a relative bandwidth needs them to spread.",
    ),
    (
        KernelDensity,
        {"points": [[0.0], [1.0]], "bandwidth": 0.1, "relative": "no"},
        "relative must be true or false, not 'no'.",
    ),
    (
        LinearRegression,
        {"coef": [1.0], "noise_sd": 0.0},
        "noise_sd must lie in (0, inf), not 0.",
    ),
    (
        LinearRegression,
        {"coef": [1.0], "noise_sd": 1.0, "inputs": "fixed"},
        "inputs must be one of ('gaussian', 'orthogonal'), not 'fixed'.",
    ),
    (
        Network,
        {"weights": [[0.5, 0.5]]},
        "network.weights must be square, but its shape is (1, 2).",
    ),
    (
        Network,
        {"weights": [[0.5, 0.4], [0.0, 1.0]]},
        "network.weights[0] must sum to 1, but the sum is 0.9; divide by it.",
    ),
    (Budget, {"size": 0}, "policy.size must be at least 1, not 0."),
    (
        Budget,
        {"size": 1, "keep": "best"},
        "policy.keep must be one of ('everything', 'reservoir', 'latest'), not 'best'.",
    ),
    (Fresh, {"num_fresh": 1, "weight": 1.1}, "policy.weight must lie in [0, 1], not 1.1."),
    (Injected, {"prob": -0.1, "num_fresh": 1}, "policy.prob must lie in [0, 1], not -0.1."),
    (Curated, {"choices": 1.5}, "policy.choices must be a whole number, not 1.5."),
    (
        Curated,
        {"choices": 2, "with_real": "yes"},
        "policy.with_real must be true or false, not 'yes'.",
    ),
]

BAD_FILES: list[tuple[dict[str, Any], str]] = [
    ({"family": 3}, "[family] must be a table."),
    (
        {"policy": {"name": "keep"}},
        (
            "[policy] must have a name, one of: replace, mix, accumulate, budget, fresh, curated, "
            "injected; not 'keep'."
        ),
    ),
    (
        {"policy": {"name": "fresh", "num_fersh": 3}},
        "unknown key 'num_fersh' in [policy]; did you mean 'num_fresh'?",
    ),
    (
        {"policy": {"name": "budget"}},
        "[policy] is incomplete: missing 1 required keyword-only argument: 'size'.",
    ),
    ({"num_fresh": 3}, "unknown key 'num_fresh' in the system; did you mean 'num_real'?"),
]


def refused(message: str) -> Any:
    return pytest.raises(ValueError, match=f"^{_escaped(message)}$")


def _escaped(message: str) -> str:
    return "".join(f"\\{one}" if one in "()[]{}.*+?^$|\\" else one for one in message)


@pytest.mark.parametrize(("change", "message"), BAD_SYSTEMS)
def test_bad_system_is_refused_by_name(change: dict[str, Any], message: str) -> None:
    with refused(message):
        RetrainingSystem(**GOOD | change)


@pytest.mark.parametrize(("part", "arguments", "message"), BAD_PARTS)
def test_bad_part_is_refused_by_name(part: Any, arguments: dict[str, Any], message: str) -> None:
    with refused(message):
        part(**arguments)


@pytest.mark.parametrize(("change", "message"), BAD_FILES)
def test_bad_file_is_refused_by_name(change: dict[str, Any], message: str) -> None:
    with refused(message):
        system_from_dict(RetrainingSystem(**GOOD).to_dict() | change)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            {"method": "diffusion"},
            'method \'diffusion\' is for systems of texts and images; use "exact" or "literal".',
        ),
        ({"dtype": "float32"}, 'retraining runs in double precision; use dtype="float64".'),
        ({"record": ["text_probs"]}, "text_probs cannot be recorded from this loop."),
    ],
)
def test_bad_simulation_is_refused_by_name(arguments: dict[str, Any], message: str) -> None:
    with refused(message):
        cases.simulate(RetrainingSystem(**GOOD), **arguments)


def test_a_bare_loop_must_know_its_length_where_it_matters() -> None:
    system = RetrainingSystem(**GOOD)
    assert loop_of(system).spec == loop_of(system, generations=7).spec
    with refused("every example needs room: say how many generations."):
        loop_of(system.replace(policy=Budget(size=20)))
    with refused("the number of examples grows: say how many generations."):
        loop_of(system.replace(growth=1.0))


def test_of_a_kernel_density_no_parameters_can_be_recorded() -> None:
    system = SYSTEMS["kernel density, latest"]
    with refused("model_parameters cannot be recorded from this loop."):
        cases.simulate(system, record=["model_parameters"])


def test_parts_cannot_be_changed_and_are_validated_when_they_are_replaced() -> None:
    system = RetrainingSystem(**GOOD)
    with pytest.raises(AttributeError):
        system.num_real = 3  # type: ignore[misc]
    with pytest.raises(ValueError, match="read-only"):
        system.family.mean[0] = 3.0  # type: ignore[attr-defined]
    assert system.replace(policy=Replace()) != system
    with refused("num_real must be at least 1, not 0."):
        system.replace(num_real=0)
    assert tk.RetrainingSystem is RetrainingSystem
