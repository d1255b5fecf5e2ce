"""How fast a scalar score falls, and to what floor: exponential decay with drift and noise.

With rho the ``contraction_factor`` and s the generations since the first one, the mean curve is

    m_s = floor + (start - floor) rho^s.

A replicate deviates from it by u, which contracts as the mean does and gathers ``drift``, the
chance of finite samples, and it is seen with measurement noise:

    scale="linear":  score_s = m_s + u_s + N(0, noise_sd^2),
                     u_{s+1} = rho u_s + N(0, drift_sd^2);
    scale="log":     log score_s = log m_s + u_s + N(0, noise_sd^2),
                     u_{s+1} = rho (m_s / m_{s+1}) u_s + N(0, drift_sd^2),

the latter being the former for relative deviations, to first order; with ``floor=0`` it is the
exact law of a product of independent factors, log-normal (theory, I1 and I6: scales of images),
and rho is then the factor of the *typical* run, exp of the mean log, below that of the mean.
``u_0 = 0``, or N(0, start_sd^2) when the replicates started from different states
(``common_start=False``). ``form="deterministic"`` leaves the drift out. Generations that were not
recorded are summed out exactly: over a gap h the gain is rho^h and the drift's variance
``drift_sd^2 (1 - rho^(2h)) / (1 - rho^2)``; Kalman's filter gives the density, one term for each
score given all those before it (:mod:`toolkit.models.linear_gaussian`).

Approximate: the drift of a real loop depends on its state (for the text diversity it vanishes
with it) and is not normal; here its sd is constant, on the chosen scale. The one-step *mean* is
exact where contraction is (theory, T2: one-hot posteriors, rho = (1 - 1/batch_size)^text_updates,
floor 0). A resolution of one part in a million of the scores' range is added to the noise: without
it the density of scores without noise has no bound.

Default priors, on the range of the scores (of their logs on the log scale; floor and start are
always in the score's own units):

- ``contraction_factor``: log of the decay rate normal around 1/(generations covered), sd 2: half-lives
  between 1/80 and 40 times the time that was observed. Longer ones cannot be told from no decay.
- ``start``: normal (log-normal) around the middle of the range, sd the range. When all replicates
  have exactly the same first score it is the known start.
- ``floor``: half-normal with the sd of the largest score, when no score is negative (a diversity);
  otherwise normal around the middle, sd twice the range.
- ``noise_sd``, ``drift_sd``, ``start_sd``: half-normal, sd half the range: none may be zero or all.
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import numpyro
import numpyro.distributions as dist
import xarray as xr

from toolkit import labels
from toolkit.measures import Array
from toolkit.models.decay_factor import DecayFactor
from toolkit.models.linear_gaussian import Predicted, accumulated, decay_rate, one_step_ahead
from toolkit.models.protocol import Evidence, Model, Prior, Priors, Values, draw
from toolkit.models.scores import Scores, scores

STOCHASTIC, DETERMINISTIC = "stochastic", "deterministic"

#: Added to the noise, relative to the range of the scores.
_RESOLUTION = 1e-6
#: A mean below has no log that could be told from this one's.
_SMALLEST_MEAN = 1e-250
#: With fewer scores, drift and noise are told apart by their priors.
_FEW = 12


class Spec(NamedTuple):
    """What fixes the program: the variable, the form, the scale, whether starts are common."""

    variable: str
    form: str
    scale: str
    common_start: bool

    @property
    def parameters(self) -> tuple[str, ...]:
        """Names of what is drawn."""
        names = (labels.CONTRACTION_FACTOR, labels.START, labels.FLOOR, labels.NOISE_SD)
        drift = (labels.DRIFT_SD,) if self.form == STOCHASTIC else ()
        return names + drift + (() if self.common_start else (labels.START_SD,))


class Data(NamedTuple):
    """Arrays of the density.

    Attributes
    ----------
    score : Array, shape (replicate, generation)
        Its log on the log scale; 0 where unseen.
    seen : Array of bool, shape (replicate, generation) or (1, generation)
    since : Array, shape (generation,)
        Generations since the first one.
    log_jacobian : Array, shape (replicate, generation)
        Minus the log score on the log scale: densities are in the score's own units.
    resolution : Array
    """

    score: Any
    seen: Any
    since: Any
    log_jacobian: Any
    resolution: Any


def prepare(
    dataset: xr.Dataset,
    *,
    variable: str | None = None,
    text: Any = None,
    form: str = STOCHASTIC,
    scale: str = labels.LINEAR,
    common_start: bool | None = None,
) -> Evidence:
    """Check the scores of a dataset and take what the density needs.

    Parameters
    ----------
    dataset : xr.Dataset
    variable : str, optional
        ``score`` or else ``text_diversity`` unless told otherwise.
    text : optional
        Which text, for a variable with one score for each.
    form : str
        ``"stochastic"``: replicates drift; ``"deterministic"``: they follow one curve.
    scale : str
        ``"linear"`` or ``"log"``: drift and noise are added, or they multiply.
    common_start : bool, optional
        Whether all replicates started from one state. Left out: no, if there are several and
        their first scores differ.

    Raises
    ------
    ValueError
        When there is no such score, or nothing can be learned from it.

    Examples
    --------
    >>> import xarray as xr
    >>> data = xr.Dataset({"score": (("replicate", "generation"), [[0.9, 0.8, 0.6]])},
    ...                   coords={"generation": [0, 1, 5]})
    >>> prepare(data).spec.parameters
    ('contraction_factor', 'start', 'floor', 'noise_sd', 'drift_sd')
    """
    for name, value, known in (
        ("form", form, (STOCHASTIC, DETERMINISTIC)),
        ("scale", scale, (labels.LINEAR, labels.LOG)),
    ):
        if value not in known:
            raise ValueError(f"{name} must be {' or '.join(map(repr, known))}, not {value!r}.")
    found = scores(dataset, variable, text)
    known_start = _known_start(found)
    if common_start is None:
        common_start = len(found.seen) == 1 or known_start is not None
    spec = Spec(str(found.array.name), form, scale, bool(common_start))
    constant = xr.Dataset() if known_start is None else xr.Dataset({labels.START: known_start})
    return Evidence(
        spec=spec,
        data=_data(found, scale, known_start is not None),
        observed=found.array.to_dataset(name=spec.variable),
        constant=constant,
        remarks=found.remarks + _remarks(found, spec, known_start),
    )


def _known_start(found: Scores) -> float | None:
    """The first score, when two replicates or more have it in common to the last digit."""
    values, seen = found.array.values[:, 0], found.seen[:, 0]
    alike = len(values) > 1 and seen.all() and np.ptp(values) <= 1e-12 * np.abs(values).max()
    return float(values[0]) if alike else None


def _data(found: Scores, scale: str, known_start: bool) -> Data:
    seen, values = found.seen.copy(), np.where(found.seen, found.array.values, 1.0)
    if scale == labels.LOG and values.min() <= 0:
        raise ValueError(
            f"scale='log' needs positive scores, but {found.array.name} has {values.min():g}; "
            "use scale='linear', or leave such generations out."
        )
    if known_start:
        seen[:, 0] = False
    logs = np.log(values) if scale == labels.LOG else np.zeros_like(values)
    score = np.where(found.seen, logs if scale == labels.LOG else values, 0.0)
    generation = np.asarray(found.array[labels.GENERATION].values, float)
    return Data(
        score=score,
        seen=seen[:1] if (seen == seen[:1]).all() else seen,
        since=generation - generation[0],
        log_jacobian=-logs,
        resolution=np.asarray(_RESOLUTION * np.ptp(score[found.seen])),
    )


def _remarks(found: Scores, spec: Spec, known_start: float | None) -> tuple[str, ...]:
    remarks = []
    if known_start is not None:
        remarks.append(
            f"all replicates begin with the same {spec.variable}, {known_start:g}: it is taken as "
            "the known start, without noise."
        )
    heavy = spec.variable in labels.HEAVY_TAILED and spec.scale == labels.LINEAR
    if heavy:
        remarks.append(
            f"{spec.variable} has log-normal tails: scale='log' describes its fluctuations better."
        )
    return tuple(remarks)


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
    >>> round(float(priors(prepare(data))["noise_sd"].scale), 3)
    0.15
    """
    spec: Spec = evidence.spec  # type: ignore[assignment]
    data = evidence.data
    raw = evidence.observed[spec.variable].values
    raw = raw[np.isfinite(raw)]
    on_scale = np.log(raw[raw > 0]) if spec.scale == labels.LOG else raw
    centre, spread = (on_scale.min() + on_scale.max()) / 2, np.ptp(on_scale)
    start: Prior = (dist.LogNormal if spec.scale == labels.LOG else dist.Normal)(centre, spread)
    if labels.START in evidence.constant:
        start = jnp.asarray(float(evidence.constant[labels.START]))
    sd = dist.HalfNormal(spread / 2)
    chosen: dict[str, Prior] = {
        labels.CONTRACTION_FACTOR: DecayFactor(-np.log(float(data.since[-1])), 2.0),
        labels.START: start,
        labels.FLOOR: dist.HalfNormal(raw.max())
        if raw.min() >= 0
        else dist.Normal(centre, 2 * spread),
        labels.NOISE_SD: sd,
        labels.DRIFT_SD: sd,
        labels.START_SD: sd,
    }
    return {name: chosen[name] for name in spec.parameters}


class _Law(NamedTuple):
    """Mean curve and the arguments of the filter, from the values of the parameters."""

    mean: Array
    gain: Array
    added: Array
    noise_var: Array
    start_var: Array


def _law(spec: Spec, values: Values, since: Any, resolution: Any = 0.0) -> _Law:
    rate = decay_rate(values[labels.CONTRACTION_FACTOR])
    floor, since = values[labels.FLOOR], jnp.asarray(since)
    gap = jnp.diff(since, prepend=since[:1])
    left = (values[labels.START] - floor) * jnp.exp(-rate * since)
    mean, gain, added = floor + left, jnp.exp(-rate * gap), accumulated(2 * rate, gap)
    if spec.scale == labels.LOG:
        mean = jnp.maximum(mean, _SMALLEST_MEAN)
        fixed, moving = floor / mean, left / mean
        # sum over the steps k of a gap of (rho^k m_{s-k} / m_s)^2, with m the mean curve
        added = fixed**2 * added + 2 * fixed * moving * accumulated(rate, gap) + moving**2 * gap
        gain = gain * jnp.concatenate([mean[:1], mean[:-1]]) / mean
        mean = jnp.log(mean)
    drift = values[labels.DRIFT_SD] if spec.form == STOCHASTIC else jnp.asarray(0.0)
    start = jnp.asarray(0.0) if spec.common_start else values[labels.START_SD]
    noise_var = values[labels.NOISE_SD] ** 2 + resolution**2
    return _Law(mean, gain, drift**2 * added, noise_var, start**2)


def _predicted(spec: Spec, values: Values, data: Data) -> Predicted:
    """The law of each score (or log score) given those before it."""
    law = _law(spec, values, data.since, data.resolution)
    if spec.form == DETERMINISTIC and spec.common_start:
        # Nothing is carried from one score to the next: no filter is needed.
        mean = jnp.broadcast_to(law.mean, data.score.shape)
        return Predicted(mean, jnp.broadcast_to(law.noise_var, (1, law.mean.size)))
    ahead = one_step_ahead(
        jnp.asarray(data.score) - law.mean,
        jnp.asarray(data.seen),
        gain=law.gain,
        added=law.added,
        noise_var=law.noise_var,
        start_var=law.start_var,
    )
    return Predicted(ahead.mean + law.mean, ahead.variance)


def program(spec: Spec, priors: Priors, data: Data) -> None:
    """The NumPyro program: parameters, and one factor for each score given those before it.

    Parameters
    ----------
    spec : Spec
    priors : mapping
        Of ``spec.parameters``.
    data : Data
    """
    values = {name: draw(name, priors[name]) for name in spec.parameters}
    rate = decay_rate(values[labels.CONTRACTION_FACTOR])
    numpyro.deterministic(labels.DECAY_RATE, rate)
    numpyro.deterministic(labels.HALF_LIFE, jnp.log(2.0) / rate)
    ahead = _predicted(spec, values, data)
    squares = (data.score - ahead.mean) ** 2 / ahead.variance
    terms = -0.5 * (squares + jnp.log(2 * jnp.pi * ahead.variance)) + data.log_jacobian
    numpyro.factor(spec.variable, jnp.where(data.seen, terms, 0.0))


def replicate(spec: Spec, values: Values, rng_key: Array, data: Data) -> dict[str, Array]:
    """Scores drawn one step ahead, each given those observed before it.

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
        The variable, shape (replicate, generation), the first generation included.
    """
    ahead = _predicted(spec, values, data)
    normal = jax.random.normal(rng_key, ahead.mean.shape)
    drawn = ahead.mean + jnp.sqrt(ahead.variance) * normal
    return {spec.variable: jnp.exp(drawn) if spec.scale == labels.LOG else drawn}


def identified(evidence: Evidence) -> tuple[str, ...]:
    """What these scores cannot tell, whatever their values.

    Parameters
    ----------
    evidence : Evidence

    Examples
    --------
    >>> import xarray as xr
    >>> data = xr.Dataset({"score": (("replicate", "generation"), [[0.9, 0.8, 0.6]])},
    ...                   coords={"generation": [0, 1, 5]})
    >>> identified(prepare(data))[0]
    '3 scores do not tell drift from noise: how the sum is divided is a matter of the priors.'
    """
    spec: Spec = evidence.spec  # type: ignore[assignment]
    data = evidence.data
    seen = np.broadcast_to(data.seen, data.score.shape)
    count, found = int(seen.sum()), []
    if spec.form == STOCHASTIC and count < _FEW:
        found.append(
            f"{count} scores do not tell drift from noise: how the sum is divided is a matter of "
            "the priors."
        )
    if spec.form == DETERMINISTIC:
        found.append(
            "form='deterministic' takes what a loop gathers by chance for noise that is fresh at "
            "each generation: its intervals are too narrow for a loop that drifts."
        )
    if not spec.common_start and len(seen) < 3:
        found.append(f"{len(seen)} replicates hardly tell how far starts differ (start_sd).")
    return tuple(found)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Design:
    """Sizes of the data sets that calibration draws.

    Attributes
    ----------
    replicates, generations : int
        Generations 0 to ``generations`` are recorded.
    left_out : tuple of int
        Generations that are not.
    options : mapping
        For :func:`prepare`.
    """

    replicates: int = 4
    generations: int = 40
    left_out: tuple[int, ...] = ()
    options: Mapping[str, Any] = dataclasses.field(
        default_factory=lambda: MappingProxyType({"common_start": False})
    )

    @property
    def generation(self) -> tuple[int, ...]:
        """The generations that are recorded."""
        return tuple(g for g in range(self.generations + 1) if g not in self.left_out)


def generate(design: Design, values: Values, rng_key: Array) -> xr.Dataset:
    """A dataset from the model's own law.

    Parameters
    ----------
    design : Design
    values : mapping
        Of the parameters.
    rng_key : Array

    Examples
    --------
    >>> import jax
    >>> values = {"contraction_factor": 0.9, "start": 1.0, "floor": 0.0, "noise_sd": 0.0,
    ...           "drift_sd": 0.0, "start_sd": 0.0}
    >>> made = generate(Design(replicates=1, generations=2), values, jax.random.key(0))
    >>> made.score.values.round(6).tolist()
    [[1.0, 0.9, 0.81]]
    """
    form, scale = design.options.get("form", STOCHASTIC), design.options.get("scale", labels.LINEAR)
    common = bool(design.options.get("common_start", design.replicates == 1))
    spec = Spec(labels.SCORE, form, scale, common)
    wanted = {name: jnp.asarray(values[name], float) for name in spec.parameters}
    made = _generated(spec, design.replicates, design.generation, wanted, rng_key)
    dims = labels.dims(labels.SCORE)
    coordinates = {
        labels.REPLICATE: np.arange(design.replicates),
        labels.GENERATION: np.asarray(design.generation),
    }
    return xr.Dataset(
        {labels.SCORE: (dims, np.asarray(made), labels.variable(labels.SCORE).attrs)},
        coords={
            name: (name, at, labels.COORDINATES[name].attrs) for name, at in coordinates.items()
        },
    )


@functools.partial(jax.jit, static_argnums=(0, 1, 2))
def _generated(
    spec: Spec, replicates: int, generation: tuple[int, ...], values: Values, rng_key: Array
) -> Array:
    since = jnp.asarray(generation, float) - generation[0]
    law = _law(spec, values, since)
    key_start, key_drift, key_noise = jax.random.split(rng_key, 3)
    start = jnp.sqrt(law.start_var) * jax.random.normal(key_start, (replicates,))
    shape = (since.size, replicates)
    drift = jnp.sqrt(law.added)[:, None] * jax.random.normal(key_drift, shape)

    def step(state: Array, now: tuple[Array, Array]) -> tuple[Array, Array]:
        gain, push = now
        state = gain * state + push
        return state, state

    _, later = jax.lax.scan(step, start, (law.gain[1:], drift[1:]))
    deviation = jnp.concatenate([start[None], later]).T
    noise = jnp.sqrt(law.noise_var) * jax.random.normal(key_noise, deviation.shape)
    drawn = law.mean + deviation + noise
    return jnp.exp(drawn) if spec.scale == labels.LOG else drawn


MODEL = Model(
    name="diversity_decay",
    summary="a score that falls exponentially to a floor, with drift and measurement noise",
    parameters=(
        labels.CONTRACTION_FACTOR,
        labels.START,
        labels.START_SD,
        labels.FLOOR,
        labels.DRIFT_SD,
        labels.NOISE_SD,
    ),
    prepare=prepare,
    priors=priors,
    program=program,
    replicate=replicate,
    generate=generate,
    design=Design(),
    options=("variable", "text", "form", "scale", "common_start"),
    derived=(labels.DECAY_RATE, labels.HALF_LIFE),
    identified=identified,
)
