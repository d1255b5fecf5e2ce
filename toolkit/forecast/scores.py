"""Continuation by a model's own law: ``diversity_decay`` and ``retraining``, which have no kernel.

``diversity_decay``: a path is of the *latent* score, what the loop does. It starts from the
filtered law of the last deviation from the mean curve, given all scores of the replicate (some or
the last of which may be missing), and follows the model's recursion: the curve, contraction of the
deviation, fresh drift. What would be measured, ``measured``, is the latent score with fresh noise.
On the linear scale nothing keeps a score within its bounds.

``retraining``: a path starts from the last state seen of a replicate, carried over the generations
since, and follows the linear recursion to the fixed point. The state is taken as seen without
noise. ``fixed_point_distance`` is the Euclidean distance left to the fixed point.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import numpy.typing as npt
import xarray as xr

from toolkit import labels
from toolkit.forecast.source import Paths, Source
from toolkit.machine import jit
from toolkit.measures import Array
from toolkit.models import model_of
from toolkit.models.decay_data import RESOLUTION, Data, Spec
from toolkit.models.decay_law import law
from toolkit.models.linear_gaussian import one_step_ahead
from toolkit.models.protocol import Values
from toolkit.models.retraining import ahead
from toolkit.models.retraining_data import ONE, PULL, START, accumulated_spread
from toolkit.models.retraining_data import Spec as StateSpec

FloatArray = npt.NDArray[np.float64]


class ScoreSource(Source):
    """A scalar score and its latent course."""

    model = "diversity_decay"

    def __init__(self, fit: xr.DataTree) -> None:
        super().__init__(fit)
        options = json.loads(fit.attrs.get("options", "{}"))
        (name,) = self.observed.data_vars
        kept = {key: options[key] for key in ("form", "scale", "common_start") if key in options}
        evidence = model_of(self.model).prepare(self.observed, variable=str(name), **kept)
        self.spec: Spec = evidence.spec  # type: ignore[assignment]
        self.data: Data = evidence.data
        self.variables = {str(name): (), labels.MEASURED: ()}
        self.parameters = self.spec.parameters

    def run(self, paths: Paths, generations: int, names: tuple[str, ...]) -> dict[str, FloatArray]:
        """The latent score, and what would be measured of it."""
        values = {name: jnp.asarray(paths.values[name]) for name in self.spec.parameters}
        where = (paths.draw, paths.replicate, paths.keys)
        made = _scores(self.spec, generations, paths.anew, self.data, values, *where)
        both = dict(zip(self.variables, made, strict=True))
        return {name: np.asarray(both[name]) for name in names}


@jit(static_argnums=(0, 1, 2))
def _scores(
    spec: Spec,
    generations: int,
    anew: bool,
    data: Data,
    values: Values,
    draw: Array,
    replicate: Array,
    keys: Array,
) -> tuple[Array, Array]:
    """Latent and measured scores of each path, shape (path, 1 + generations)."""
    since = jnp.asarray(data.since)
    score, seen = jnp.asarray(data.score), jnp.asarray(data.seen)
    # One more entry that nobody saw, no generation later: its law is the filtered one.
    score = jnp.pad(score, ((0, 0), (0, 1)))
    seen = jnp.pad(seen, ((0, 0), (0, 1)))
    until = jnp.append(since, since[-1])
    if anew:
        score, seen, until = score[:, :1], jnp.zeros_like(seen[:, :1]), since[:1]

    def filtered(values: Values) -> tuple[Array, Array]:
        past = law(spec, values, until, RESOLUTION * data.spread)
        found = one_step_ahead(
            score - past.mean,
            seen,
            gain=past.gain,
            added=past.added,
            noise_var=past.noise_var,
            start_var=past.start_var,
        )
        variance = jnp.maximum(found.variance[:, -1] - past.noise_var, 0.0)
        return found.mean[:, -1], jnp.broadcast_to(variance, found.mean[:, -1].shape)

    mean, variance = jax.vmap(filtered)(values)
    future = until[-1] + jnp.arange(generations + 1)
    laws = jax.vmap(lambda values: law(spec, values, future))(values)

    def path(draw: Array, replicate: Array, key: Array) -> tuple[Array, Array]:
        here = jax.tree.map(lambda leaf: leaf[draw], laws)
        key_drift, key_noise = jax.random.split(key)
        normal = jax.random.normal(key_drift, (generations + 1,))
        push = jnp.sqrt(here.added) * normal
        first = mean[draw, replicate] + jnp.sqrt(variance[draw, replicate]) * normal[0]

        def step(deviation: Array, now: tuple[Array, Array]) -> tuple[Array, Array]:
            gain, push = now
            deviation = gain * deviation + push
            return deviation, deviation

        _, later = jax.lax.scan(step, first, (here.gain[1:], push[1:]))
        latent = here.mean + jnp.append(first, later)
        noise = jnp.sqrt(here.noise_var) * jax.random.normal(key_noise, latent.shape)
        if spec.scale == labels.LOG:
            return jnp.exp(latent), jnp.exp(latent + noise)
        return latent, latent + noise

    return jax.vmap(path)(draw, replicate, keys)


class _Ends(NamedTuple):
    """Where replicates are gone on from; the first axis is the replicate.

    Attributes
    ----------
    state, first : array, shape (replicate, component)
        What is gone on from, and the first state (NaN where it was not seen).
    lag, begun : array, shape (replicate,)
        Generations from there to the last one, and its generation.
    """

    state: Any
    first: Any
    lag: Any
    begun: Any


class StateSource(Source):
    """A state that contracts to a fixed point."""

    model = "retraining"

    def __init__(self, fit: xr.DataTree) -> None:
        super().__init__(fit)
        (name,) = self.observed.data_vars
        self.name = str(name)
        common = labels.COMPONENT_NOISE_SD not in fit["posterior"]
        options = json.loads(fit.attrs["options"])
        policy, fixed = options.get("policy", PULL), options.get("fixed_points", ONE)
        self.spec = StateSpec(
            self.name, "common" if common else "per_component", False, policy, fixed
        )
        self.variables = {self.name: (labels.COMPONENT,), labels.FIXED_POINT_DISTANCE: ()}
        self.parameters = self.spec.parameters
        self.coords = {labels.COMPONENT: np.asarray(self.observed[labels.COMPONENT].values)}

    def run(self, paths: Paths, generations: int, names: tuple[str, ...]) -> dict[str, FloatArray]:
        """The state, and how far it is from the fixed point."""
        ends = self._ends(paths.anew)
        values = {name: jnp.asarray(paths.values[name]) for name in self.spec.parameters}
        where = (paths.draw, paths.replicate, paths.keys)
        made = _states(self.spec, generations, values, ends, *where)
        both = dict(zip(self.variables, made, strict=True))
        return {name: np.asarray(both[name]) for name in names}

    def _ends(self, anew: bool) -> _Ends:
        """Where the replicates are gone on from, the last state seen of each or the first."""
        array = self.observed[self.name].transpose(
            labels.REPLICATE, labels.GENERATION, labels.COMPONENT
        )
        values = np.asarray(array.values, float)
        known = ~np.isnan(values).any(axis=2)
        last = known.shape[1] - 1 - known[:, ::-1].argmax(axis=1)
        at = known.argmax(axis=1) if anew else last
        lag = np.zeros(len(at)) if anew else self.generation[-1] - self.generation[at]
        begun = np.asarray(self.generation[at], float)
        state = values[np.arange(len(at)), at]
        return _Ends(state, values[:, 0], np.asarray(lag, float), begun)


@jit(static_argnums=(0, 1))
def _states(
    spec: StateSpec,
    generations: int,
    values: Values,
    ends: _Ends,
    draw: Array,
    replicate: Array,
    keys: Array,
) -> tuple[Array, Array]:
    def path(draw: Array, replicate: Array, key: Array) -> tuple[Array, Array]:
        here = {name: value[draw] for name, value in values.items()}
        state, first, lag, begun = (leaf[replicate] for leaf in ends)
        gaps = jnp.append(lag, jnp.ones(generations))
        spreads = accumulated_spread(begun + jnp.cumsum(gaps) - gaps, gaps)
        normal = jax.random.normal(key, (generations + 1, len(state)))

        def step(state: Array, now: tuple[Array, Array, Array]) -> tuple[Array, Array]:
            gap, spread, normal = now
            mean, variance = ahead(spec, here, state, first, gap, spread)
            state = mean + jnp.sqrt(variance) * normal
            return state, state

        _, states = jax.lax.scan(step, state, (gaps, spreads, normal))
        start = spec.fixed_points == START
        left = states - (first if start else here[labels.FIXED_POINT_VALUE])
        return states, jnp.sqrt(jnp.sum(left**2, axis=-1))

    return jax.vmap(path)(draw, replicate, keys)


SOURCES: dict[str, Callable[[xr.DataTree], Source]] = {
    source.model: source for source in (ScoreSource, StateSource)
}
