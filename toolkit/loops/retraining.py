"""Iterative retraining: models of one family, generation by generation, under a data policy.

One generation (theory, section 4; Bertrand et al.): every model is given ``n`` examples that the
models of the generation before generated (itself, or those that a network names), at a
temperature if there is one; the policy makes a training set of them, and the fit to it is the
model of the next generation. The state is the models, the real data, and what the policy keeps.

The literal kernel draws every example. The exact one (the same law) draws sufficient statistics
where a family knows their law and the policy does not pick among examples.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp

from toolkit import labels, measures
from toolkit.loops.protocol import Dtype, Loop, Method, loop_of
from toolkit.loops.retraining_parts import (
    Info,
    Params,
    Spec,
    State,
    cost_of,
    merge_info,
    no_info,
    params_of,
    spec_of,
)
from toolkit.rng import split
from toolkit.systems import RetrainingSystem
from toolkit.systems.families import Data, Points, scaled, total
from toolkit.systems.policies import Setting, Trained

Array = jax.Array


@loop_of.register
def retraining_loop(
    system: RetrainingSystem,
    *,
    generations: int | None = None,
    method: Method = "exact",
    dtype: Dtype = "float64",
) -> Loop:
    """The loop of a retraining system; see :func:`toolkit.loops.loop_of`."""
    if method not in ("exact", "literal"):
        raise ValueError(
            f'method {method!r} is for systems of texts and images; use "exact" or "literal".'
        )
    if dtype != "float64":
        raise ValueError('retraining runs in double precision; use dtype="float64".')
    spec = spec_of(system, generations, method)
    params = params_of(system, generations)
    available = list(labels.OF_MODELS)
    if not spec.law.names():
        available.remove(labels.MODEL_PARAMETERS)
    state = jax.eval_shape(
        partial(start, spec), params, system.family.parameters, jax.random.key(0)
    )
    cost = cost_of(spec, state)
    return Loop(
        spec=spec,
        params=params,
        initial=system.family.parameters,
        start=start,
        kernel=step,
        measure=measure,
        no_info=no_info,
        merge_info=merge_info,
        sizes={
            labels.MODEL: spec.num_models,
            labels.COMPONENT: len(spec.law.names()),
            labels.FEATURE: params.location.size,
        },
        record=tuple(name for name in available if name != labels.MODEL_DIVERSITY),
        available=tuple(available),
        cost=cost,
        work=cost,
    )


def start(spec: Spec, params: Params, initial: Any, rng_key: Array) -> State:
    """Generation 0: real data, the models fitted to them, and what the policy keeps.

    Parameters
    ----------
    spec : Spec
    params : Params
    initial : pytree
        The family's parameters: iterative fits start there, and data without a fit leave them.
    rng_key : Array

    Returns
    -------
    State
    """
    law = spec.law
    key_real, key_policy = split(rng_key)
    if spec.real_seed is not None:
        key_real = jax.random.key(spec.real_seed)

    def one(real_key: Array, policy_key: Array) -> tuple[Any, Data, Any]:
        real = _first_real(spec, params, real_key)
        model = initial
        if spec.first_fit:
            fitted = law.fit(real, initial)
            room = max(law.room(fitted), law.room(initial))
            fitted, before = (law.with_room(one, room) for one in (fitted, initial))
            model = _chosen(law.usable(fitted), fitted, before)
        setting = _setting(spec, params, real, jnp.asarray(0))
        return model, real, spec.policy.begin(setting, policy_key)

    keys = split(key_real, spec.num_models), split(key_policy, spec.num_models)
    model, real, memory = jax.vmap(one)(*keys)
    state = State(jnp.asarray(0), model, real, memory)
    # The models of later generations may be larger than the first one: all get the same room.
    later = jax.eval_shape(lambda: _of_one(_fitted(spec, params, rng_key, state)[0]))
    room = max(law.room(later), law.room(_of_one(model)))
    return state._replace(model=jax.vmap(partial(law.with_room, number=room))(model))


def step(spec: Spec, params: Params, rng_key: Array, state: State) -> tuple[State, Info]:
    """One generation.

    Parameters
    ----------
    spec : Spec
    params : Params
    rng_key : Array
    state : State

    Returns
    -------
    state : State
    info : Info
    """
    law = spec.law
    fitted, memory, size, happened = _fitted(spec, params, rng_key, state)
    room = law.room(_of_one(state.model))
    fitted = jax.vmap(partial(law.with_room, number=room))(fitted)
    usable = jax.vmap(law.usable)(fitted) & (size >= law.fewest)
    model = jax.vmap(_chosen)(usable, fitted, state.model)
    state = State(state.generation + 1, model, state.real, memory)
    return state, Info(training_size=size, model_kept=~usable, real_data_came=happened)


def training_sets(spec: Spec, params: Params, rng_key: Array, state: State) -> Trained:
    """What the models of the next generation are trained on, and what the policy keeps.

    Parameters
    ----------
    spec : Spec
    params : Params
    rng_key : Array
        Of the generation, as ``step`` takes it.
    state : State

    Returns
    -------
    Trained
        Its first axis is the model.
    """
    number = _number(params, state.generation)

    def one(key: Array, bounds: Array, real_weight: Array, real: Data, memory: Any) -> Trained:
        key_batch, key_policy = split(key)
        batch = _batch(spec, params, key_batch, state.model, jnp.round(bounds * number))
        setting = _setting(spec, params, scaled(real, real_weight), state.generation)
        return spec.policy.train(setting, params.policy, key_policy, memory, batch)

    keys = split(rng_key, spec.num_models)
    sets: Trained = jax.vmap(one)(
        keys, params.bounds, params.real_weights, state.real, state.memory
    )
    return sets


def generated(
    spec: Spec, params: Params, rng_key: Array, model: Any, generation: Array | int
) -> Data:
    """What the only model of a generation generates for the next.

    Parameters
    ----------
    spec : Spec
    params : Params
    rng_key : Array
    model : pytree
        Its parameters.
    generation : Array or int

    Returns
    -------
    Data
        Examples or their statistics, as ``spec`` says.
    """
    return _batch(
        spec,
        params,
        rng_key,
        jax.tree.map(lambda leaf: leaf[None], model),
        jnp.round(params.bounds[0] * _number(params, generation)),
    )


def _number(params: Params, generation: Array | int) -> Array:
    """Examples that a generation generates."""
    return params.schedule[jnp.minimum(generation, len(params.schedule) - 1)]


def _fitted(
    spec: Spec, params: Params, rng_key: Array, state: State
) -> tuple[Any, Any, Array, Array]:
    """The fits to the training sets, what the policy keeps, sizes of the sets, and events."""
    trained = training_sets(spec, params, rng_key, state)
    fitted = jax.vmap(spec.law.fit)(trained.data, state.model)
    return fitted, trained.memory, jax.vmap(total)(trained.data), trained.happened


def _batch(spec: Spec, params: Params, key: Array, models: Any, bounds: Array) -> Data:
    """What a model is given, ``bounds[j + 1] - bounds[j]`` examples by model j."""
    law = spec.law

    def of_model(model_key: Array, model: Any, number: Array) -> Data:
        if spec.tempered:
            model = law.tempered(model, params.temperature)
        if not spec.points:
            return law.draw(model, model_key, number, spec.sizes.batch)
        room, choices = spec.sizes.batch, spec.policy.best_of
        drawn = law.examples(model, model_key, number * choices, room * choices)
        values = spec.policy.select(drawn.values.reshape(room, choices, law.width))
        return Points(values, (jnp.arange(room) < number).astype(float))

    if spec.num_models == 1:
        return of_model(key, _of_one(models), bounds[1])
    parts = jax.vmap(of_model)(split(key, spec.num_models), models, jnp.diff(bounds))
    batch = _of_one(parts)
    for index in range(1, spec.num_models):
        batch = law.join(batch, jax.tree.map(lambda leaf, at=index: leaf[at], parts))
    return _compact(batch, spec.sizes.batch) if spec.points else batch


def _compact(batch: Data, room: int) -> Data:
    """The examples without the gaps between those of different models."""
    assert isinstance(batch, Points)
    order = jnp.argsort(-batch.weight, stable=True)[:room]
    return Points(batch.values[order], batch.weight[order])


def _first_real(spec: Spec, params: Params, key: Array) -> Data:
    """The real data set that the loop begins with, drawn unless it is given."""
    if params.given is None:
        return _real(spec, params, key, params.num_real, spec.sizes.real)
    real = Points(params.given, jnp.ones(len(params.given)))
    return real if spec.points else spec.law.summary(real)


def _real(spec: Spec, params: Params, key: Array, number: Array, room: int) -> Data:
    """Real examples; by their statistics, if those are what is trained on."""
    if not spec.points and not room:
        return spec.truth.draw(params.truth, key, number, 0)
    real = spec.truth.examples(params.truth, key, number, room)
    return real if spec.points else spec.law.summary(real)


def _setting(spec: Spec, params: Params, real: Data, generation: Array) -> Setting:
    def draw_real(key: Array, number: Array) -> Data:
        return _real(spec, params, key, number, spec.sizes.fresh)

    return Setting(spec.sizes, spec.law.join, real, draw_real, generation)


def _chosen(usable: Array, new: Any, old: Any) -> Any:
    return jax.tree.map(partial(jnp.where, usable), new, old)


def _of_one(models: Any) -> Any:
    """The first of the models."""
    return jax.tree.map(lambda leaf: leaf[0], models)


def measure(
    spec: Spec, params: Params, names: tuple[str, ...], state: State, info: Info
) -> dict[str, Array]:
    """The named variables of a state, model by model."""
    law, wanted = spec.law, set(names)

    def of_model(model: Any) -> dict[str, Array]:
        location, covariance = law.moments(model)
        apart = location - params.location
        found = {
            labels.MODEL_LOCATION: location,
            labels.MODEL_ERROR: jnp.sum(jnp.square(apart)),
            labels.MODEL_VARIANCE: jnp.trace(covariance),
        }
        if labels.MODEL_PARAMETERS in wanted:
            vector = law.vector(model)
            assert vector is not None
            found[labels.MODEL_PARAMETERS] = vector
        if labels.MODEL_DIVERSITY in wanted:
            found[labels.MODEL_DIVERSITY] = measures.image_diversity(covariance)
        return found

    measured = jax.vmap(of_model)(state.model) | info._asdict()
    return {name: measured[name] for name in names}
