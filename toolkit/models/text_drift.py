r"""``text_drift``: texts are lost by chance and by sharpening, and brought back by injection.

In each generation, with probability ``injection_prob`` (alpha), the probabilities ``p`` become
``(1 - eps) p + eps u``, eps the ``injection_fraction`` and u the target corpus; then the text
model is retrained on captions, with the chance fluctuations of ``effective_batch_size`` (N) of
them, and sharpened by ``text_temperature`` (tau). The injection is summed out in every
transition, whether or not it was recorded. There are two likelihoods:

- *counts* (:mod:`toolkit.models.text_counts`), where probabilities are whole numbers of captions.
  Sharpening acts when captions are sampled. (A loop that sharpens the averaged posteriors, as this
  toolkit's own does, has no whole numbers once its temperature is not 1.)
- *moments* (:mod:`toolkit.models.text_moments`), otherwise: exact mean and covariance of an
  averaged posterior, Gaussian on the common texts, sharpened after averaging.

They say in their docstrings where they are approximations.

Options: ``batch_size``, images per update, where it is known; ``target``, the injected corpus
(uniform unless given; ``"infer"`` makes it the parameter ``injection_target``); ``likelihood``
(``"auto"``, ``"counts"``, ``"moments"``); ``images`` (``"auto"``: image means and covariances are
used where the data hold them; ``False``: they are not).

Default priors, weak where the data speak at all:

- ``effective_batch_size``: with counts, LogNormal(log batch_size, 0.5): captions may be dependent
  (fewer effective ones) or stratified (more), rarely by more than a factor 3. With moments,
  LogNormal(log batch_size, 1) where images are known; where they are not, but the batch size is,
  Pareto(batch_size, 1): exactly a uniform ``posterior_confusion`` 1 - batch_size/N, which is then
  reported; LogNormal(log 1000, 2) where nothing is known: 20 to 50 000 captions.
- ``text_temperature``: LogNormal(0, 0.25), as likely sharpening as flattening, and hardly ever by
  more than a power 1.6 in one generation.
- ``injection_prob``: uniform. ``injection_fraction``: Beta(1, 3), since an injection that replaces
  most of the corpus is a new start. Without any injection the posterior is a ridge: either is
  small.
- ``injection_target``: Dirichlet(1, ..., 1).
"""

from __future__ import annotations

import dataclasses
from typing import Any, NamedTuple, cast

import jax
import jax.numpy as jnp
import numpyro
import numpyro.distributions as dist
import xarray as xr

from toolkit import labels
from toolkit.measures import Array
from toolkit.models import text_counts, text_moments
from toolkit.models.protocol import Evidence, Model, Prior, Priors, Values, draw
from toolkit.models.text_counts import Counts, tempered
from toolkit.models.text_evidence import Options, TextData, TextSpec, gather, not_told
from toolkit.models.text_generate import TextDriftDesign, generate

__all__ = ["MODEL", "TextDriftDesign", "generate", "identified", "prepare", "priors", "program"]


def prepare(
    dataset: xr.Dataset,
    *,
    batch_size: int | None = None,
    target: Any = None,
    likelihood: str = "auto",
    images: str | bool = "auto",
) -> Evidence:
    """Check text probabilities and choose their likelihood.

    Parameters
    ----------
    dataset : xr.Dataset
        With ``text_probs`` of consecutive generations.
    batch_size : int, optional
    target : array_like, "infer" or None
    likelihood : {"auto", "counts", "moments"}
    images : {"auto", True, False}

    Raises
    ------
    ValueError
        When the data cannot be what the model describes, or an option is wrong.

    Examples
    --------
    >>> import numpy as np, xarray as xr
    >>> counts = np.random.default_rng(0).multinomial(50, [0.5, 0.3, 0.2], size=(1, 9))
    >>> data = xr.Dataset({"text_probs": (("replicate", "generation", "text"), counts / 50)})
    >>> prepare(data).remarks
    ('The probabilities are counts of 50 captions: their likelihood is that of counts.',)
    """
    return gather(dataset, Options(batch_size, target, likelihood, images))


def priors(evidence: Evidence) -> dict[str, Prior]:
    """The documented default priors.

    Parameters
    ----------
    evidence : Evidence

    Examples
    --------
    >>> import numpy as np, xarray as xr
    >>> counts = np.random.default_rng(0).multinomial(50, [0.5, 0.3, 0.2], size=(1, 9))
    >>> data = xr.Dataset({"text_probs": (("replicate", "generation", "text"), counts / 50)})
    >>> list(priors(prepare(data)))[:2]
    ['effective_batch_size', 'text_temperature']
    """
    spec = cast(TextSpec, evidence.spec)
    size = evidence.data.likelihood.batch_size
    if spec.likelihood == "counts":
        batch = dist.LogNormal(jnp.log(size), 0.5)
    elif spec.confusion:
        batch = dist.Pareto(size, 1.0)
    elif spec.batch_given:
        batch = dist.LogNormal(jnp.log(size), 1.0)
    else:
        batch = dist.LogNormal(jnp.log(1000.0), 2.0)
    found: dict[str, Prior] = {
        labels.EFFECTIVE_BATCH_SIZE: batch,
        labels.TEXT_TEMPERATURE: dist.LogNormal(0.0, 0.25),
        labels.INJECTION_PROB: dist.Beta(1.0, 1.0),
        labels.INJECTION_FRACTION: dist.Beta(1.0, 3.0),
    }
    if spec.infer_target:
        found[labels.INJECTION_TARGET] = dist.Dirichlet(jnp.ones(spec.num_texts))
    return found


#: In the coordinates: nearly nothing is left of what was there.
_LARGEST_DOSE = 0.99


class _Causes(NamedTuple):
    """One value of each parameter."""

    size: Array
    temperature: Array
    prob: Array
    fraction: Array
    target: Array


def _drawn(spec: TextSpec, given: Priors, data: TextData) -> _Causes:
    size, temperature, prob, fraction = (
        draw(name, given[name])
        for name in (
            labels.EFFECTIVE_BATCH_SIZE,
            labels.TEXT_TEMPERATURE,
            labels.INJECTION_PROB,
            labels.INJECTION_FRACTION,
        )
    )
    name = labels.INJECTION_TARGET
    target = draw(name, given[name]) if spec.infer_target else data.target
    return _Causes(size, temperature, prob, fraction, target)


def program(spec: TextSpec, priors: Priors, data: TextData) -> None:
    """The NumPyro program; one factor ``text_probs`` with a term for each transition.

    Parameters
    ----------
    spec : TextSpec
    priors : mapping
    data : TextData

    Examples
    --------
    >>> import numpy as np, numpyro, xarray as xr
    >>> counts = np.random.default_rng(0).multinomial(50, [0.5, 0.3, 0.2], size=(1, 9))
    >>> data = xr.Dataset({"text_probs": (("replicate", "generation", "text"), counts / 50)})
    >>> found = prepare(data)
    >>> with numpyro.handlers.trace() as sites, numpyro.handlers.seed(rng_seed=0):
    ...     program(found.spec, priors(found), found.data)
    >>> sites["text_probs"]["fn"].log_factor.shape
    (1, 8)
    """
    causes = _drawn(spec, priors, data)
    if spec.confusion:
        confusion = 1 - data.likelihood.batch_size / causes.size
        numpyro.deterministic(labels.POSTERIOR_CONFUSION, confusion)
    if isinstance(data.likelihood, Counts):
        part = data.likelihood
        log_phi = jnp.log(causes.size / part.batch_size)
        changing = text_counts.Causes(log_phi, causes.temperature, causes.fraction)
        without, with_one = text_counts.log_densities(part, changing, causes.target)
    else:
        without, with_one = _of_moments(data.likelihood, causes)
    mixed = jnp.logaddexp(jnp.log1p(-causes.prob) + without, jnp.log(causes.prob) + with_one)
    numpyro.factor(labels.TEXT_PROBS, mixed)


def _of_moments(data: text_moments.Moments, causes: _Causes) -> tuple[Array, Array]:
    seen = text_moments.averaged(data, causes.temperature)
    without = text_moments.log_density(data, seen, causes.size, data.before, None)
    corpus = causes.target[:, None, None]
    mass = (1 - causes.fraction) * data.before + causes.fraction * corpus
    return without, text_moments.log_density(data, seen, causes.size, mass, causes.fraction)


def replicate(spec: TextSpec, values: Values, rng_key: Array, data: TextData) -> dict[str, Array]:
    """Text probabilities drawn one generation ahead of each observed state.

    An approximation of either likelihood with its mean and covariance: averages of unknown images,
    and counts, are Dirichlet variables (of gamma ones by Wilson and Hilferty's cube), those of
    known images are Gaussian, cut off at zero.

    Parameters
    ----------
    spec : TextSpec
    values : mapping of array
    rng_key : array
    data : TextData

    Examples
    --------
    >>> import jax, numpy as np, xarray as xr
    >>> counts = np.random.default_rng(0).multinomial(50, [0.5, 0.3, 0.2], size=(1, 9))
    >>> found = prepare(
    ...     xr.Dataset({"text_probs": (("replicate", "generation", "text"), counts / 50)})
    ... )
    >>> values = dict(effective_batch_size=50.0, text_temperature=1.0, injection_prob=0.1,
    ...               injection_fraction=0.1)
    >>> replicate(found.spec, values, jax.random.key(0), found.data)["text_probs"].shape
    (1, 8, 3)
    """
    likelihood = data.likelihood
    target = values[labels.INJECTION_TARGET] if spec.infer_target else data.target
    size, temperature = values[labels.EFFECTIVE_BATCH_SIZE], values[labels.TEXT_TEMPERATURE]
    key_event, key_noise = jax.random.split(rng_key)
    before = jnp.moveaxis(likelihood.before, 0, -1)
    shape = before.shape
    event = jax.random.bernoulli(key_event, values[labels.INJECTION_PROB], shape[:2])[..., None]
    share = jnp.where(event, values[labels.INJECTION_FRACTION], 0.0)
    mass = (1 - share) * before + share * target
    noise = jax.random.normal(key_noise, shape)
    if isinstance(likelihood, Counts):
        drawn = _dirichlet(tempered(mass, temperature), size, noise)
    elif likelihood.shape is None:
        drawn = tempered(_dirichlet(mass, size, noise), temperature)
    else:
        deviation = jnp.sum(likelihood.shape.root * noise[..., None, :], axis=-1)
        drawn = jnp.maximum(mass + jnp.sqrt(mass / size) * deviation, 0.0)
        drawn = tempered(drawn / jnp.sum(drawn, axis=-1, keepdims=True), temperature)
    return {labels.TEXT_PROBS: drawn}


def _dirichlet(mean: Array, size: Array, noise: Array) -> Array:
    expected = jnp.where(mean > 0, size * mean, 1.0)
    root = 1 - 1 / (9 * expected) + noise / (3 * jnp.sqrt(expected))
    weight = jnp.where(mean > 0, expected * jnp.maximum(root, 0.0) ** 3, 0.0)
    total = jnp.sum(weight, axis=-1, keepdims=True)
    return jnp.where(total > 0, weight / jnp.where(total > 0, total, 1.0), mean)


def identified(evidence: Evidence) -> tuple[str, ...]:
    """What these data cannot tell, whatever the parameters.

    Parameters
    ----------
    evidence : Evidence

    Examples
    --------
    >>> import numpy as np, xarray as xr
    >>> counts = np.random.default_rng(0).multinomial(50, [0.5, 0.3, 0.2], size=(1, 9))
    >>> data = xr.Dataset({"text_probs": (("replicate", "generation", "text"), counts / 50)})
    >>> identified(prepare(data))
    ()
    """
    return not_told(evidence)


def coordinates(unconstrained: dict[str, Array]) -> dict[str, Array]:
    """Explored are the log dose, the probability, and the temperature that the dose makes up for.

    Data tell the dose best, the product of ``injection_prob`` and ``injection_fraction``: with x
    the logit of the one and y that of the other, y + log(prob) is nearly its log. Near the target a
    deviation is multiplied by (1 - dose) / temperature in a generation, so that log(temperature) is
    told only beside log(1 - dose). Both are shears, which keep volumes.

    Parameters
    ----------
    unconstrained : dict of array

    Examples
    --------
    >>> bent = coordinates({"injection_prob": 0.0, "injection_fraction": -3.0})
    >>> round(float(bent["injection_fraction"]), 4)
    -2.3069
    >>> bent = coordinates(
    ...     {"injection_prob": 0.0, "injection_fraction": -3.0, "text_temperature": 0.0}
    ... )
    >>> round(float(bent["text_temperature"]), 4)
    -0.0463
    """
    if not {labels.INJECTION_PROB, labels.INJECTION_FRACTION} <= set(unconstrained):
        return unconstrained
    log_prob = jax.nn.log_sigmoid(unconstrained[labels.INJECTION_PROB])
    fraction = unconstrained[labels.INJECTION_FRACTION] - log_prob
    bent = unconstrained | {labels.INJECTION_FRACTION: fraction}
    if labels.TEXT_TEMPERATURE in bent:
        dose = jnp.exp(log_prob + jax.nn.log_sigmoid(fraction))
        kept = jnp.log1p(-jnp.minimum(dose, _LARGEST_DOSE))
        bent[labels.TEXT_TEMPERATURE] = bent[labels.TEXT_TEMPERATURE] + kept
    return bent


MODEL = Model(
    name="text_drift",
    summary="text probabilities: chance, sharpening, or injected corpora?",
    parameters=(
        labels.EFFECTIVE_BATCH_SIZE,
        labels.TEXT_TEMPERATURE,
        labels.INJECTION_PROB,
        labels.INJECTION_FRACTION,
        labels.INJECTION_TARGET,
    ),
    prepare=prepare,
    priors=priors,
    program=program,
    replicate=replicate,
    generate=generate,
    design=TextDriftDesign(),
    options=tuple(field.name for field in dataclasses.fields(Options)),
    derived=(labels.POSTERIOR_CONFUSION,),
    coordinates=coordinates,
    identified=identified,
)
