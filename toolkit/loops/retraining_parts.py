"""The parts of the retraining loop: what is static, what varies, its state and its sizes."""

from __future__ import annotations

import dataclasses
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from toolkit.loops.protocol import Method
from toolkit.systems import RetrainingSystem
from toolkit.systems.families import Law
from toolkit.systems.policies import Policy, Sizes

Array = jax.Array


class State(NamedTuple):
    """Of all models; the first axis is the model, but for the generation.

    Attributes
    ----------
    generation : Array
        Counted from 0.
    model : pytree
        Parameters.
    real : Data
        The real data set that the loop began with.
    memory : pytree
        What the policy keeps.
    """

    generation: Array
    model: Any
    real: Any
    memory: Any


class Params(NamedTuple):
    """Numbers that may vary without compiling anew.

    Attributes
    ----------
    truth : pytree
        Parameters of the real law.
    location : Array, shape (p,)
        Of the best member of the family.
    num_real : Array
    schedule : Array, shape (generations,) or (1,)
        Examples generated for each model; the last number holds for ever.
    bounds : Array, shape (num_models, num_models + 1)
        Cumulative shares of a network.
    real_weights : Array, shape (num_models,)
        What a real example counts for in each model's training sets.
    temperature : Array
    policy : dict
        The policy's numbers.
    given : Array, shape (num_real, width), or None
        The first real data set, where it is given.
    """

    truth: Any
    location: Array
    num_real: Array
    schedule: Array
    bounds: Array
    real_weights: Array
    temperature: Array
    policy: dict[str, Array]
    given: Array | None


class Info(NamedTuple):
    """Of the last generation, for each model."""

    training_size: Array
    model_kept: Array
    real_data_came: Array


@dataclasses.dataclass(frozen=True)
class Spec:
    """Everything static: the mathematics, sizes and branches.

    Attributes
    ----------
    law, truth : Law
        Of the models and of the real data.
    policy : Policy
        Its numbers are not looked at (they are in ``Params``), but for its sizes.
    sizes : Sizes
        Room for examples; none where their statistics are drawn.
    num_models : int
    points : bool
        Whether training sets hold examples, and not their statistics.
    tempered, first_fit : bool
    real_seed : int or None
    """

    law: Law
    truth: Law
    policy: Policy
    sizes: Sizes
    num_models: int
    points: bool
    tempered: bool
    first_fit: bool
    real_seed: int | None


def spec_of(system: RetrainingSystem, generations: int | None, method: Method) -> Spec:
    """What is compiled in."""
    law, truth, policy = system.family.law, system.truth.law, system.policy
    shares = np.diff(_bounds(system), axis=1)
    smallest = np.round(shares[shares > 0].min() * system.num_generated) - system.num_models
    enough = min(system.num_real, policy.fresh or system.num_real, smallest + 1)
    statistics = law.summarised and not policy.needs_points and method == "exact"
    # Their own law is known of as many as have a fit; fewer are drawn one by one.
    by_law = statistics and law.draws_statistics and truth == law and enough >= law.fewest
    sizes = Sizes(0, 0, 0, 0) if by_law else _room(system, generations)
    return Spec(
        law=law,
        truth=truth,
        policy=_unvaried(policy, keep_sizes=not by_law),
        sizes=sizes,
        num_models=system.num_models,
        points=not statistics,
        tempered=system.temperature != 1,
        first_fit=system.first_fit,
        real_seed=system.real_seed,
    )


def _room(system: RetrainingSystem, generations: int | None) -> Sizes:
    """Room for every example."""
    if generations is None:
        raise ValueError("every example needs room: say how many generations.")
    batch = system.generated_in(generations - 1)
    return Sizes(system.num_real, batch, system.policy.fresh, generations)


def _unvaried(policy: Policy, *, keep_sizes: bool) -> Policy:
    """The policy without the numbers that ``Params`` has, so that it is compiled once for all."""
    fields = {name: getattr(policy, name) for name in policy.varying}
    sizes = ("num_fresh",) if keep_sizes else ()
    changed = {
        name: type(value)(1)
        for name, value in fields.items()
        if value is not None and name not in sizes
    }
    return dataclasses.replace(policy, **changed)


def _bounds(system: RetrainingSystem) -> np.ndarray:
    """Cumulative shares of the models in what each is given."""
    return np.array([[0.0, 1.0]]) if system.network is None else system.network.bounds


def params_of(system: RetrainingSystem, generations: int | None) -> Params:
    """The numbers that may vary."""
    if system.growth and generations is None:
        raise ValueError("the number of examples grows: say how many generations.")
    number = (generations or 1) if system.growth else 1
    schedule = [float(system.generated_in(generation)) for generation in range(number)]
    return Params(
        truth=system.truth.parameters,
        location=system.family.law.moments(system.optimum()).location,
        num_real=jnp.asarray(float(system.num_real)),
        schedule=jnp.asarray(schedule),
        bounds=jnp.asarray(_bounds(system)),
        real_weights=jnp.asarray(system.real_weights),
        temperature=jnp.asarray(system.temperature),
        policy=system.policy.numbers(),
        given=None if system.real_data is None else jnp.asarray(system.real_data),
    )


def cost_of(spec: Spec, state: State) -> int:
    """Numbers that one replicate holds at once: its state, and what is generated and joined."""
    sizes = spec.sizes
    generated = sizes.batch * (spec.num_models + spec.policy.best_of) + sizes.fresh
    held = sum(int(np.prod(leaf.shape)) for leaf in jax.tree.leaves(state))
    return 3 * held + spec.num_models * generated * (spec.law.width + 1)


def no_info(spec: Spec) -> Info:
    """Generation 0, before any retraining."""
    nothing = jnp.zeros(spec.num_models, bool)
    return Info(jnp.zeros(spec.num_models), nothing, nothing)


def merge_info(earlier: Info, later: Info) -> Info:
    """Events since the last recorded generation; the training set of the latest."""
    return later._replace(
        model_kept=earlier.model_kept | later.model_kept,
        real_data_came=earlier.real_data_came | later.real_data_came,
    )
