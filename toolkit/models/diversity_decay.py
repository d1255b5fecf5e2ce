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

- ``contraction_factor``: log of the decay rate normal around 1/(generations covered), sd 2:
  half-lives between 1/80 and 40 times the time that was observed; longer ones cannot be told
  from no decay at all.
- ``start``: normal (log-normal) around the middle of the range, sd the range. When all replicates
  have exactly the same first score it is the known start.
- ``floor``: half-normal with the sd of the largest score, when no score is negative (a diversity);
  otherwise normal around the middle, sd twice the range.
- ``noise_sd``, ``drift_sd``, ``start_sd``: gamma of shape 2, mean a fifth of the range, so that
  90 % are between .04 and .47 of it. The density rises linearly from 0 (Y. Chung et al., 2013):
  many scores overrule it, and few do not conclude that they lie on the curve exactly.
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

from toolkit import labels
from toolkit.labelled import labelled
from toolkit.measures import Array
from toolkit.models.coordinates import tilted
from toolkit.models.decay_data import DETERMINISTIC, RESOLUTION, STOCHASTIC, Data, Spec, prepare
from toolkit.models.decay_law import drawn, predicted
from toolkit.models.distributions import DecayFactor, Gamma, HalfNormal
from toolkit.models.linear_gaussian import decay_rate
from toolkit.models.protocol import Evidence, Model, Prior, Priors, Values, draw
from toolkit.models.recorded import Recorded

#: With fewer scores, drift and noise are told apart by their priors.
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
    >>> round(float(priors(prepare(data))["noise_sd"].rate), 3)
    33.333
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
    sd = Gamma(2.0, 10.0 / spread)
    chosen: dict[str, Prior] = {
        labels.CONTRACTION_FACTOR: DecayFactor(-np.log(float(data.since[-1])), 2.0),
        labels.START: start,
        labels.FLOOR: HalfNormal(raw.max()) if raw.min() >= 0 else dist.Normal(centre, 2 * spread),
        labels.NOISE_SD: sd,
        labels.DRIFT_SD: sd,
        labels.START_SD: sd,
    }
    return {name: chosen[name] for name in spec.parameters}


def program(spec: Spec, priors: Priors, data: Data) -> None:
    """The NumPyro program: parameters, and one factor for each score given those before it.

    Parameters
    ----------
    spec : Spec
    priors : mapping
        Of ``spec.parameters``.
    data : Data
    """
    values: dict[str, Array] = {}
    # The start last: its coordinate is measured in the others.
    for name in sorted(spec.parameters, key=lambda name: name == labels.START):
        values[name] = draw(name, _in_coordinates(spec, name, priors[name], values, data))
    rate = decay_rate(values[labels.CONTRACTION_FACTOR])
    numpyro.deterministic(labels.DECAY_RATE, rate)
    numpyro.deterministic(labels.HALF_LIFE, jnp.log(2.0) / rate)
    ahead = predicted(spec, values, data)
    squares = (data.score - ahead.mean) ** 2 / ahead.variance
    terms = -0.5 * (squares + jnp.log(2 * jnp.pi * ahead.variance)) + data.log_jacobian
    numpyro.factor(spec.variable, jnp.where(data.seen, terms, 0.0))


def _in_coordinates(spec: Spec, name: str, prior: Prior, drawn: Values, data: Data) -> Prior:
    """The prior with the coordinates that make the posterior rounder.

    What scores tell of a floor not yet reached is the rate at which they fall, (1 - rho)(score -
    floor): given rho, the floor is measured from the middle of the scores in units of the fall
    divided by the lives covered. The .3 keeps the unit finite where no life is covered. The first
    scores of n replicates tell the start, or the mean of starts, to
    ``sqrt((start_sd^2 + noise_sd^2) / n)``: with few scores either sd may be many times larger or
    smaller, and the start is measured in it.
    """
    if name == labels.START:
        number, total = jnp.sum(data.seen[:, 0]), jnp.sum(data.score[:, 0])
        if data.seen.shape[0] == 1:
            number = jnp.asarray(data.score.shape[0])
        start_sd = 0.0 if spec.common_start else drawn[labels.START_SD]
        least = RESOLUTION * data.spread
        variance = start_sd**2 + drawn[labels.NOISE_SD] ** 2 + least**2
        slope = jnp.sqrt(variance / number)
        return tilted(prior, middle=total / number, slope=slope, bend=slope)
    if name != labels.FLOOR or spec.scale == labels.LOG:
        return prior
    lives = -jnp.expm1(-decay_rate(drawn[labels.CONTRACTION_FACTOR])) * data.since[-1]
    return tilted(
        prior, middle=data.middle, slope=data.spread / (lives + 0.3), bend=data.spread / 10
    )


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
    ahead = predicted(spec, values, data)
    normal = jax.random.normal(rng_key, ahead.mean.shape)
    score = ahead.mean + jnp.sqrt(ahead.variance) * normal
    return {spec.variable: jnp.exp(score) if spec.scale == labels.LOG else score}


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
class Design(Recorded):
    """Sizes of the data sets that calibration draws.

    Attributes
    ----------
    options : mapping
        For :func:`prepare`.
    """

    options: Mapping[str, Any] = dataclasses.field(
        default_factory=lambda: MappingProxyType({"common_start": True})
    )


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
    made = drawn(spec, design.replicates, design.generation, wanted, rng_key)
    return labelled({labels.SCORE: made}, design.generation)


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
