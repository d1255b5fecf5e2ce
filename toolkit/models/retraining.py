"""A loop retrained on a fixed share of real data: how fast it contracts, and to what.

The state theta (image means, a score, any parameter that is seen without measurement noise)
follows, to first order around the fixed point theta*,

    theta_{t+1} - theta* = rho (theta_t - theta*) + e_t,   e_t ~ N(0, noise_sd_i^2) in component i,

the noise being that of finite samples. Over a gap of h generations the factor is rho^h and the
variance ``noise_sd^2 (1 - rho^(2h)) / (1 - rho^2)``, both exact. One term of the log density for
each replicate and transition, given the state before; the first state is given.

Training on lambda synthetic examples for each real one has the Jacobian
(A + lambda B)^{-1} lambda B (theory, R3'). A well-specified model, A = B, has
``rho = lambda / (1 + lambda)``, the synthetic share, so that ``real_share = 1 - rho``; it holds in
all directions, and components have one rho. A misspecified model has a factor for each direction,
and none is the share: say ``relation=None``.

Approximate: the linearisation (exact for means of Gaussians and for probabilities), noise that does
not depend on the state and is independent between components; and all replicates have one fixed
point, so that the real data are common to them, or drawn afresh in each generation. Where each
has real data of its own, mixed in again and again from a first fit to them, say
``fixed_points="start"``: its first state is its fixed point. Noise of
measurement makes the state forget too fast, and rho too small: ``diversity_decay`` separates it.

Data policies. The above holds where each training set has a share of real data (mixed in, the
same for all replicates, or fresh). With ``policy="replace"`` there is none: rho = 1, a random walk.
With ``policy="accumulate"`` all generations are kept: after generation t there are t + 1 batches,
and the next moves their mean by 1/(t + 2) of its own distance, so that rho = 1 and
``e_t ~ N(0, noise_sd^2 / (t + 2)^2)`` (theory, section 4; ``accumulated_location_step``).
``compare_models`` tells which of them a trajectory needs.

Default priors:

- ``contraction_factor``: uniform on (0, 1), and so is ``real_share``; by R3' the spectral radius is
  below 1 for every lambda. To look for instability give another, such as ``Uniform(0, 1.5)``, and
  ``reference=``: a fixed point that is not known runs away on both sides of a factor of 1.
  Under ``replace`` and ``accumulate`` it is 1, and the fixed point, which then means nothing, the
  middle of what was observed.
- ``fixed_point``: normal around the middle of what was observed of a component, sd twice its range.
- ``noise_sd`` (one for all), or ``component_noise_sd``: half-normal, sd the range of a component.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import numpyro
import numpyro.distributions as dist
import xarray as xr
from numpyro.distributions import constraints

from toolkit import labels
from toolkit.labelled import labelled
from toolkit.machine import jit
from toolkit.measures import Array
from toolkit.models.distributions import HalfNormal
from toolkit.models.linear_gaussian import accumulated, decay_rate
from toolkit.models.protocol import Evidence, Model, Prior, Priors, Values, draw
from toolkit.models.recorded import Recorded
from toolkit.models.retraining_data import ACCUMULATE, COMMON, PULL, START, Data, Spec, prepare

#: Fewer transitions than this leave the contraction to its prior.
_FEW = 12


def priors(evidence: Evidence) -> dict[str, Prior]:
    """The default priors; see the module's docstring for the reasons.

    Parameters
    ----------
    evidence : Evidence

    Examples
    --------
    >>> import xarray as xr
    >>> data = xr.Dataset({"score": (("replicate", "generation"), [[0.9, 0.8, 0.6]])},
    ...                   coords={"generation": [0, 1, 5]})
    >>> sorted(priors(prepare(data)))
    ['contraction_factor', 'fixed_point', 'noise_sd']
    """
    spec: Spec = evidence.spec  # type: ignore[assignment]
    values = evidence.observed[spec.variable].values
    low, high = np.nanmin(values, axis=(0, 1)), np.nanmax(values, axis=(0, 1))
    spread = high - low
    fixed_point: Prior = dist.Normal((low + high) / 2, 2 * spread).to_event(1)
    if labels.FIXED_POINT_VALUE in evidence.constant:
        fixed_point = jnp.asarray(evidence.constant[labels.FIXED_POINT_VALUE].values)
    factor: Prior = dist.Uniform(0.0, 1.0)
    if spec.policy != PULL:
        factor = jnp.asarray(1.0)
    if spec.policy != PULL or spec.fixed_points == START:
        fixed_point = jnp.asarray((low + high) / 2)
    common = spec.noise == COMMON
    sd = HalfNormal(spread.max()) if common else HalfNormal(spread).to_event(1)
    return {
        labels.CONTRACTION_FACTOR: factor,
        labels.FIXED_POINT_VALUE: fixed_point,
        spec.parameters[-1]: sd,
    }


def _noise_sd(spec: Spec, values: Values) -> Array:
    """Of each component, or of all."""
    return values[spec.parameters[-1]]


def ahead(
    spec: Spec, values: Values, before: Array, first: Array, gap: Array, spread: Array
) -> tuple[Array, Array]:
    """Mean and variance of the state ``gap`` generations after ``before``.

    ``first`` is the replicate's first state, where that is its fixed point, and ``spread`` that of
    :func:`toolkit.models.retraining_data.accumulated_spread`.
    """
    rate = decay_rate(values[labels.CONTRACTION_FACTOR])
    fixed_point = first if spec.fixed_points == START else values[labels.FIXED_POINT_VALUE]
    mean = fixed_point + jnp.exp(-rate * gap) * (before - fixed_point)
    summed = spread if spec.policy == ACCUMULATE else accumulated(2 * rate, gap)
    return mean, _noise_sd(spec, values) ** 2 * summed


def program(spec: Spec, priors: Priors, data: Data) -> None:
    """The NumPyro program: parameters, and one factor for each transition.

    Parameters
    ----------
    spec : Spec
    priors : mapping
        Of ``spec.parameters``.
    data : Data
    """
    values = {name: draw(name, priors[name]) for name in spec.parameters}
    _derive(spec, values, data)
    seen = jnp.asarray(data.seen)
    mean, variance = ahead(spec, values, *_given(data))
    terms = -0.5 * ((data.after - mean) ** 2 / variance + jnp.log(2 * jnp.pi * variance))
    numpyro.factor(spec.variable, jnp.where(seen, jnp.sum(terms, axis=-1), 0.0))


def _given(data: Data) -> tuple[Array, ...]:
    """States before, first states, gaps and spreads of all transitions."""
    of_gaps = (jnp.asarray(data.gap)[..., None], jnp.asarray(data.spread)[..., None])
    return (jnp.asarray(data.before), jnp.asarray(data.first), *of_gaps)


def _derive(spec: Spec, values: Values, data: Data) -> None:
    factor = values[labels.CONTRACTION_FACTOR]
    rate = decay_rate(factor)
    numpyro.deterministic(labels.DECAY_RATE, rate)
    numpyro.deterministic(labels.HALF_LIFE, jnp.log(2.0) / rate)
    if spec.well_specified:
        numpyro.deterministic(labels.REAL_SHARE, 1 - factor)
    if spec.noise != COMMON:
        squares = jnp.mean(_noise_sd(spec, values) ** 2)
        numpyro.deterministic(labels.NOISE_SD, jnp.sqrt(squares))
    left = jnp.asarray(data.last) - values[labels.FIXED_POINT_VALUE]
    numpyro.deterministic(labels.FIXED_POINT_DISTANCE, jnp.sqrt(jnp.sum(left**2)))


def replicate(spec: Spec, values: Values, rng_key: Array, data: Data) -> dict[str, Array]:
    """States drawn one transition ahead, each given the one observed before it.

    Parameters
    ----------
    spec : Spec
    values : mapping
        Of one draw.
    rng_key : Array
    data : Data

    Returns
    -------
    dict of Array
        The variable, shape (replicate, generation - 1, component); NaN where there is no
        transition.
    """
    mean, variance = ahead(spec, values, *_given(data))
    drawn = mean + jnp.sqrt(variance) * jax.random.normal(rng_key, mean.shape)
    return {spec.variable: jnp.where(jnp.asarray(data.seen)[..., None], drawn, jnp.nan)}


def identified(evidence: Evidence) -> tuple[str, ...]:
    """What these states cannot tell, whatever their values.

    Parameters
    ----------
    evidence : Evidence

    Examples
    --------
    >>> import xarray as xr
    >>> data = xr.Dataset({"score": (("replicate", "generation"), [[0.9, 0.8, 0.6]])},
    ...                   coords={"generation": [0, 1, 5]})
    >>> identified(prepare(data))[0]
    '2 transitions say little of the contraction: its prior matters.'
    """
    spec: Spec = evidence.spec  # type: ignore[assignment]
    data, found = evidence.data, []
    shape = data.after.shape
    count = int(np.broadcast_to(data.seen, shape[:2]).sum()) * shape[2]
    if count < _FEW and spec.policy == PULL:
        found.append(f"{count} transitions say little of the contraction: its prior matters.")
    known = labels.FIXED_POINT_VALUE in evidence.constant or spec.fixed_points == START
    if not known and spec.policy == PULL:
        found.append(
            "the fixed point is extrapolated where the states have not reached it: the slower "
            f"{spec.variable} contracts, the less these data say of it (give reference= if known)."
        )
    return tuple(found)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Design(Recorded):
    """Sizes of the data sets that calibration draws.

    Attributes
    ----------
    components : int
        Of the state.
    start : float
        Of every component.
    accumulates : bool
        Whether the noise is that of a pool of all generations.
    options : mapping
        For :func:`prepare`.
    """

    components: int = 2
    start: float = 1.0
    accumulates: bool = False
    options: Mapping[str, Any] = dataclasses.field(
        default_factory=lambda: MappingProxyType({"noise": COMMON})
    )


def generate(design: Design, values: Values, rng_key: Array) -> xr.Dataset:
    """A dataset from the model's own law: the image means of one text.

    Parameters
    ----------
    design : Design
    values : mapping
        Of the parameters.
    rng_key : Array

    Examples
    --------
    >>> import jax
    >>> values = {"contraction_factor": 0.5, "fixed_point": 0.0, "noise_sd": 0.0}
    >>> made = generate(Design(replicates=1, generations=3), values, jax.random.key(0))
    >>> made.image_mean.isel(feature=0).values.ravel().tolist()
    [1.0, 0.5, 0.25, 0.125]
    """
    sd = values.get(labels.COMPONENT_NOISE_SD, values.get(labels.NOISE_SD))
    if sd is None:
        raise ValueError("values lack noise_sd (or component_noise_sd).")
    shape = design.replicates, design.components
    wanted = (values[labels.CONTRACTION_FACTOR], values[labels.FIXED_POINT_VALUE], sd)
    numbers = tuple(jnp.asarray(value, float) for value in (*wanted, design.start))
    made = _generated(shape, design.generation, design.accumulates, numbers, rng_key)
    return labelled({labels.IMAGE_MEAN: made[:, :, None]}, design.generation)


@jit(static_argnums=(0, 1, 2))
def _generated(
    shape: tuple[int, int],
    generation: tuple[int, ...],
    accumulates: bool,
    numbers: tuple[Array, ...],
    rng_key: Array,
) -> Array:
    """States generation by generation, those recorded: shape (replicate, generation, component)."""
    factor, fixed_point, sd, start = numbers
    first = jnp.full(shape, start)
    last = generation[-1] - generation[0]
    noise = jax.random.normal(rng_key, (last, *shape))
    if accumulates:
        noise /= (generation[0] + 2 + jnp.arange(last))[:, None, None]

    def step(state: Array, normal: Array) -> tuple[Array, Array]:
        state = fixed_point + factor * (state - fixed_point) + sd * normal
        return state, state

    _, later = jax.lax.scan(step, first, noise)
    every = jnp.concatenate([first[None], later])
    return jnp.moveaxis(every[np.asarray(generation) - generation[0]], 0, 1)


MODEL = Model(
    name="retraining",
    summary="a loop with a fixed share of real data: contraction to a fixed point",
    parameters=(
        labels.CONTRACTION_FACTOR,
        labels.FIXED_POINT_VALUE,
        labels.NOISE_SD,
        labels.COMPONENT_NOISE_SD,
    ),
    prepare=prepare,
    priors=priors,
    program=program,
    replicate=replicate,
    generate=generate,
    design=Design(),
    options=("variable", "reference", "relation", "noise", "policy", "fixed_points"),
    derived=(
        labels.REAL_SHARE,
        labels.DECAY_RATE,
        labels.HALF_LIFE,
        labels.FIXED_POINT_DISTANCE,
        labels.NOISE_SD,
    ),
    ranges={labels.CONTRACTION_FACTOR: constraints.positive},
    identified=identified,
)
