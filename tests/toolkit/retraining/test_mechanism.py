"""How the loop runs: bits, stores, events, schedules, networks, and what is compiled."""

from __future__ import annotations

import dataclasses
from functools import partial
from pathlib import Path
from typing import Any

import jax
import numpy as np
import pytest
from typer.testing import CliRunner

import toolkit as tk
from tests import tolerances
from tests.toolkit.retraining import cases
from tests.toolkit.retraining.cases import BLOCK, GENERATIONS, SYSTEMS
from toolkit import labels, stores
from toolkit.cli import app as cli
from toolkit.loops import loop_of
from toolkit.simulation import planning, segments
from toolkit.simulation.checkpoints import Checkpoints
from toolkit.systems import (
    Accumulate,
    ExponentialFamily,
    Gaussian,
    GaussianMixture,
    KernelDensity,
    LinearRegression,
    Network,
    Replace,
)


@partial(jax.jit, static_argnums=(0, 1))
def started(start: Any, spec: Any, *arguments: Any) -> Any:
    """Generation 0 of one replicate, as one program."""
    return start(spec, *arguments)


NETWORK = SYSTEMS["network of Gaussians, fresh"]
RESERVOIR = SYSTEMS["Gaussian, reservoir"]


def test_chunks_and_blocks_change_no_bit() -> None:
    whole = cases.simulate(RESERVOIR, replicates=3 * BLOCK)
    assert cases.simulate(RESERVOIR, replicates=3 * BLOCK, chunk_size=1).identical(whole)
    fewer = cases.simulate(RESERVOIR, replicates=BLOCK)
    assert fewer.equals(whole.isel(replicate=slice(BLOCK)))
    assert tk.simulate_again(fewer, progress=False).identical(fewer)
    # Replicates are apart from each other.
    assert len(np.unique(whole.model_location.values[:, -1])) == 3 * BLOCK


def test_a_stopped_store_goes_on_to_the_same_bits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(planning, "_SEGMENT_ROWS", 1)
    monkeypatch.setattr(planning, "_CHUNK_ROWS", 2)
    undisturbed = cases.simulate(RESERVOIR, replicates=2 * BLOCK)
    keep, kept = Checkpoints.keep, [0]

    def dying(self: Checkpoints, *arguments: Any) -> None:
        kept[0] += 1
        if kept[0] == 3:
            raise InterruptedError
        keep(self, *arguments)

    path = tmp_path / "loop.zarr"
    with monkeypatch.context() as patch:
        patch.setattr(Checkpoints, "keep", dying)
        with pytest.raises(InterruptedError):
            cases.simulate(RESERVOIR, replicates=2 * BLOCK, out=path, chunk_size=1)
    assert stores.is_unfinished(path)
    resumed = cases.simulate(RESERVOIR, replicates=2 * BLOCK, out=path, resume=True)
    assert resumed.identical(undisturbed)


def test_the_command_simulates_a_file(tmp_path: Path) -> None:
    SYSTEMS["regression, replace"].to_toml(tmp_path / "loop.toml")
    arguments = ("--generations", GENERATIONS, "--replicates", BLOCK, "--seed", 81)
    paths = (tmp_path / "loop.toml", "--out", tmp_path / "loop.nc")
    done = CliRunner().invoke(cli.app, [str(one) for one in ("simulate", *paths, *arguments)])
    assert done.exit_code == 0, done.output
    expected = cases.simulate(SYSTEMS["regression, replace"])
    assert tk.read_trajectory(tmp_path / "loop.nc").identical(expected)


def test_what_is_recorded() -> None:
    run = cases.simulate(NETWORK)
    assert set(run.data_vars) == set(labels.OF_MODELS) - {labels.MODEL_DIVERSITY}
    assert run.model_parameters.dims == ("replicate", "generation", "model", "component")
    assert dict(run.sizes) == {
        "replicate": BLOCK,
        "generation": GENERATIONS + 1,
        "model": 2,
        "component": 5,
        "feature": 2,
    }
    variance = run.model_parameters[..., 2] + run.model_parameters[..., 4]
    np.testing.assert_allclose(run.model_variance, variance, rtol=tolerances.ROUNDING)
    np.testing.assert_array_equal(run.model_parameters[..., :2], run.model_location)
    error = np.sum((run.model_location.values - [0.0, 1.0]) ** 2, axis=-1)
    np.testing.assert_allclose(run.model_error, error, rtol=tolerances.ROUNDING)


# ---------------------------------------------------------------------------------------- events


def test_a_generation_without_a_fit_keeps_the_model_and_says_so() -> None:
    run = cases.simulate(SYSTEMS["geometric, injected"])
    for name in run.data_vars:
        assert np.all(np.isfinite(run[name])), name
    kept = run.model_kept.values[:, 1:, 0]
    assert 0.1 < kept.mean() < 0.9
    parameter = run.model_parameters.values[..., 0, 0]
    before, after = parameter[:, :-1], parameter[:, 1:]
    np.testing.assert_array_equal(after[kept], before[kept])
    assert np.mean(after[~kept] == before[~kept]) < 0.2  # as many successes again
    # Sizes are those of the training set, fitted or not.
    size = np.where(run.real_data_came, 11, 6)
    np.testing.assert_array_equal(run.training_size[:, 1:], size[:, 1:])


def test_where_there_never_is_a_fit_the_first_model_stays() -> None:
    never = ExponentialFamily(member="geometric", values=[1 - 1e-12])
    run = cases.simulate(SYSTEMS["geometric, injected"].replace(family=never))
    assert run.model_kept[:, 1:].all()
    np.testing.assert_array_equal(run.model_parameters, float(never.parameters[0]))


def test_real_data_without_a_fit_leave_a_kernel_density_as_it_was() -> None:
    """All examples alike have no covariance to scale the kernel with."""
    zeros = KernelDensity(points=[[0.0]], bandwidth=0.0)
    for num_real in (3, 6):  # fewer and more than the family's own four points
        system = cases.system(cases.POINTS, Replace(), real=zeros, num_real=num_real)
        loop = loop_of(system, generations=1)
        state = started(loop.start, loop.spec, loop.params, loop.initial, jax.random.key(1))
        moments = system.family.law.moments(jax.tree.map(lambda leaf: leaf[0], state.model))
        expected = system.family.law.moments(system.family.parameters)
        np.testing.assert_allclose(moments.location, expected.location, rtol=1e-14)
        np.testing.assert_allclose(moments.covariance, expected.covariance, rtol=1e-14)


# ------------------------------------------------------------------------- starts and schedules


def test_real_data_of_another_law_are_drawn_one_by_one() -> None:
    loop = loop_of(cases.system(cases.GAUSSIAN, Replace(), real=cases.MIXTURE), generations=1)
    state = started(loop.start, loop.spec, loop.params, loop.initial, jax.random.key(97))
    assert state.real.weight.tolist() == [20.0]
    np.testing.assert_array_equal(state.model.mean, state.real.statistics.mean)
    assert not np.any(np.asarray(state.model.mean) == loop.initial.mean)


def test_without_a_first_fit_the_models_are_the_familys() -> None:
    system = SYSTEMS["exponential, curated"]
    start = cases.simulate(system).model_parameters.isel(generation=0)
    assert not system.first_fit
    np.testing.assert_array_equal(start, -2.0)


def test_a_real_seed_shares_the_real_data_and_nothing_else() -> None:
    def shared(real_seed: int | None, key: int) -> Any:
        system = RESERVOIR.replace(real_seed=real_seed, network=Network(weights=np.eye(2)))
        loop = loop_of(system, generations=1)
        return started(loop.start, loop.spec, loop.params, loop.initial, jax.random.key(key))

    one, other, own, third = shared(5, 1), shared(5, 2), shared(None, 1), shared(6, 1)
    for part in ("model", "real"):
        pair = zip(*(jax.tree.leaves(getattr(state, part)) for state in (one, other)), strict=True)
        for first, second in pair:
            np.testing.assert_array_equal(first, second)
    for state in (own, third):
        assert not np.any(state.real.values == one.real.values)
    # Each model has data of its own, and each replicate its own chances.
    assert not np.any(one.real.values[0] == one.real.values[1])
    assert not np.any(one.memory[1] == other.memory[1])


def test_batches_grow_by_the_schedule_and_rows_of_a_network_add_up() -> None:
    run = cases.simulate(NETWORK)
    sizes = [0] + [round(20 * (k + 1) ** 0.5) + 10 for k in range(GENERATIONS)]
    expected = np.broadcast_to(np.array(sizes)[:, None], (BLOCK, GENERATIONS + 1, 2))
    np.testing.assert_allclose(run.training_size, expected, rtol=tolerances.ROUNDING)


def test_a_growing_batch_of_a_design_is_one_from_the_first() -> None:
    """Seven examples, in room for the fourteen of the next generation."""
    design = LinearRegression(coef=[1.0, -2.0], noise_sd=0.5, inputs="orthogonal")
    system = cases.system(design, Accumulate(), num_generated=7, growth=1.0)
    loop = loop_of(system, generations=2, method="literal")
    state = started(loop.start, loop.spec, loop.params, loop.initial, jax.random.key(98))
    memory = jax.jit(loop.step)(jax.random.key(99), state)[0].memory
    assert memory.weight[0].tolist() == [1.0] * 27 + [0.0] * 21
    x = np.asarray(memory.values)[0, :, :2]
    for part, number in ((x[:20], 20), (x[20:27], 7)):
        np.testing.assert_allclose(
            part.T @ part, number * np.eye(2), atol=tolerances.LINEAR_ALGEBRA
        )


def test_shares_of_a_network_are_whole_numbers_that_add_up() -> None:
    weights = np.random.default_rng(3).dirichlet([0.3] * 7, size=7)
    network = Network(weights=weights)
    for number in (1, 2, 7, 100, 12_345):
        counts = np.diff(np.round(network.bounds * number), axis=1)
        assert np.all(counts >= 0)
        np.testing.assert_array_equal(counts.sum(axis=1), number)
        assert np.all(np.abs(counts - weights * number) <= 1)


def test_other_numbers_of_one_shape_are_not_compiled_anew() -> None:
    def programs(**changes: Any) -> int:
        cases.simulate(NETWORK.replace(**changes))
        return int(segments._advance.program()._cache_size())

    first = programs()
    assert programs(num_real=500, num_generated=10**12, temperature=1.1) == first
    assert programs(family=Gaussian(mean=[3.0, 2.0], cov=np.eye(2)), growth=2.0) == first
    assert programs(network=Network(weights=[[0.2, 0.8], [0.5, 0.5]])) == first
    policy = dataclasses.replace(NETWORK.policy, num_fresh=77, weight=0.9)
    assert programs(policy=policy) == first


# ---------------------------------------------------------------------------------- the optimum


def test_the_best_member_is_the_fit_to_the_real_law() -> None:
    points = np.array([0.0, 1.0, 1.5, 4.0])
    variance = np.var(points) * (1 + 0.4**2)
    for ddof in (0, 1):
        gaussian = Gaussian(mean=[0.0], cov=[[1.0]], ddof=ddof)
        best = cases.system(gaussian, Replace(), real=cases.POINTS).optimum()
        assert float(best.mean[0]) == pytest.approx(points.mean())
        assert float(best.root[0, 0] ** 2) == pytest.approx(variance)
    # Counts of another law: the rate is its mean.
    poisson = ExponentialFamily(member="poisson", values=[1.0])
    system = cases.system(poisson, Replace(), real=cases.GEOMETRIC)
    assert float(system.optimum()[0]) == pytest.approx(np.log(0.25), rel=1e-12)
    assert float(loop_of(system, generations=1).params.location[0]) == pytest.approx(0.25)


def test_of_a_mixture_the_best_member_is_a_fixed_point_of_em() -> None:
    three = GaussianMixture(
        weights=[0.2, 0.3, 0.5], means=[[-3.0], [0.0], [3.0]], covs=[[[1.0]], [[1.0]], [[2.0]]]
    )
    system = cases.system(cases.MIXTURE, Replace(), real=three)
    best, law = system.optimum(), system.family.law
    again = law.fit(three.law.quadrature(three.parameters, 32), best)
    for one, other in zip(best, again, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-9)
    assert cases.system(three, Replace()).optimum() is not None


def test_a_mixture_of_the_family_is_its_own_optimum() -> None:
    params = cases.system(cases.MIXTURE, Replace()).optimum()
    jax.tree.map(np.testing.assert_array_equal, params, cases.MIXTURE.parameters)
    points = KernelDensity(points=[[0.0], [2.0]], bandwidth=0.4)
    best = cases.system(cases.POINTS, Replace(), real=points).optimum()
    jax.tree.map(np.testing.assert_array_equal, best, points.parameters)


def test_cost_counts_examples_only_where_they_are_drawn() -> None:
    of_law = NETWORK.replace(growth=0.0)
    assert loop_of(of_law.replace(num_generated=10**9)).cost == loop_of(of_law).cost
    drawn = loop_of(of_law.replace(num_generated=10**6), generations=2, method="literal")
    assert drawn.cost > 10**6
