"""Image means and covariances: which part is chance, shrinkage, or real images.

Law of one image update of a text, ``N(mu, Sigma) -> N(mu', Sigma')``, from ``n`` generated
images (theory, section 7): ``Sigma' ~ shrinkage_factor * Wishart_d(n-1, Sigma/(n-ddof))`` and,
independent of it, ``mu' ~ N(mu, Sigma/n)``. Exact. Pooled with real images of a reference the mean
stays exact and the covariance is Wishart by matched moments; :mod:`toolkit.models.image_law`
states the law.

The number of images of text ``i`` is ``n_i = effective_batch_size * share_i``:

- ``image_count`` given: the share is the count over the (mean) total, so that an
  effective_batch_size equal to the total says that the counts explain the fluctuations.
- else ``text_probs`` given, those of the generation that the update leads to: ``n_i`` is
  ``Binomial(effective_batch_size, p_i)``, summed out by its Gauss rule of two nodes, which has its
  first three moments. Per transition the divergence from the whole sum is about 0.05 nats at
  5 to 10 images expected (that of taking the expected number 0.1), below 0.002 from 20 on.
- else each text has a size of its own, ``effective_image_count``; effective_batch_size is their
  sum.

Real images (``replenishment``): ``real_share = n_0/(n_0 + effective_batch_size/num_texts)`` gives
every text the same number ``n_0`` (``"images"``, the default), or every text that share of its own
pool (``"share"``), or there are none (``"none"``: the exact and the cheapest law).

A real share is positive: without real images it comes out small, not zero, and its interval's lower
end says nothing; with ``"none"`` it is known to be zero.

Transitions are left out where generations are missing, where a Gaussian was kept unchanged
(the law is conditional on an update), and where a covariance is singular within rounding.

Default priors
--------------
effective_batch_size
    ``LogNormal(log total, 0.5)`` with counts: within a factor 2.7 of what was counted (95 %).
    ``LogNormal(log 500, 1.5)`` without: 25 to 10000.
effective_image_count
    ``LogNormal(log 100, 1.5)`` for each text: 5 to 2000.
shrinkage_factor
    ``LogNormal(0, 0.2)``: 0.67 to 1.5 in one update, since beyond it scales change by orders of
    magnitude within ten generations, which needs no statistics to be seen.
real_share
    ``Beta(1, 9)``: most likely none, mean 0.1, below 0.28 with 95 %.
"""

from __future__ import annotations

import math
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import numpyro
import numpyro.distributions as dist
import xarray as xr

from toolkit import labels, measures
from toolkit.models import image_data, image_law, image_special
from toolkit.models.coordinates import rounded
from toolkit.models.image_generate import ImageDesign, generate
from toolkit.models.image_law import Pool, Spec
from toolkit.models.image_statistics import Transitions
from toolkit.models.protocol import Evidence, Model, Prior, Priors, Values, draw

__all__ = ["MODEL", "ImageDesign", "log_terms"]

Array = measures.Array


#: Real shares that are tried, and a text's images where no batch size is known.
_SHARES = np.logspace(-30, math.log10(0.3), 61)
_IMAGES_PER_TEXT = 100.0


def prepare(dataset: xr.Dataset, **options: Any) -> Evidence:
    """Check the images' states and gather what their law needs.

    Parameters
    ----------
    dataset : xr.Dataset
    **options
        Those of :func:`toolkit.models.image_data.prepare`, which says what is refused.
    """
    found = image_data.prepare(dataset, **options)
    spec = _spec(found)
    if spec.replenishment == "none":
        return found
    texts = spec.num_texts
    size: Array = jnp.asarray(float(found.data.total) or _IMAGES_PER_TEXT * texts)
    if spec.sizes == "unknown":
        size = jnp.full(texts, _IMAGES_PER_TEXT)
    logs = np.asarray(_log_likelihoods(spec, found.data, size, jnp.asarray(_SHARES)))
    # Where the posterior of the log share has its mode, about, given a flat prior of the share.
    typical = _SHARES[np.argmax(logs + np.log(_SHARES))]
    return found._replace(data=found.data._replace(typical_share=np.asarray(typical)))


@partial(jax.jit, static_argnums=0)
def _log_likelihoods(spec: Spec, data: Transitions, size: Array, shares: Array) -> Array:
    """Of each real share, everything else as if nothing else were to be found."""

    def total(share: Array) -> Array:
        of_cov, of_mean = log_terms(spec, data, size, jnp.asarray(1.0), share)
        return jnp.sum(of_cov) + (0.0 if of_mean is None else jnp.sum(of_mean))

    return jax.lax.map(total, shares)


def _spec(evidence: Evidence) -> Spec:
    assert isinstance(evidence.spec, Spec)
    return evidence.spec


def priors(evidence: Evidence) -> dict[str, Prior]:
    """The default priors of the parameters that these data can have; see the module.

    Parameters
    ----------
    evidence : Evidence
    """
    spec = _spec(evidence)
    chosen: dict[str, Prior] = {}
    if spec.sizes == "unknown":
        each = dist.LogNormal(jnp.full(spec.num_texts, math.log(100.0)), 1.5)
        chosen[labels.EFFECTIVE_IMAGE_COUNT] = each.to_event(1)
    elif spec.sizes == "counts":
        total = float(evidence.data.total)
        chosen[labels.EFFECTIVE_BATCH_SIZE] = dist.LogNormal(math.log(total), 0.5)
    else:
        chosen[labels.EFFECTIVE_BATCH_SIZE] = dist.LogNormal(math.log(500.0), 1.5)
    chosen[labels.SHRINKAGE_FACTOR] = dist.LogNormal(0.0, 0.2)
    if spec.replenishment != "none":
        chosen[labels.REAL_SHARE] = dist.Beta(1.0, 9.0)
    return chosen


def program(spec: Spec, priors: Priors, data: Transitions) -> None:
    """The NumPyro program: parameters, then a factor for each replicate and transition.

    Parameters
    ----------
    spec : Spec
    priors : mapping
    data : Transitions
    """
    if spec.sizes == "unknown":
        batch = draw(labels.EFFECTIVE_IMAGE_COUNT, priors[labels.EFFECTIVE_IMAGE_COUNT])
        numpyro.deterministic(labels.EFFECTIVE_BATCH_SIZE, jnp.sum(batch))
    else:
        batch = draw(labels.EFFECTIVE_BATCH_SIZE, priors[labels.EFFECTIVE_BATCH_SIZE])
    shrinkage = draw(labels.SHRINKAGE_FACTOR, priors[labels.SHRINKAGE_FACTOR])
    real_share = jnp.zeros(())
    if spec.replenishment != "none":
        prior = rounded(priors[labels.REAL_SHARE], scale=data.typical_share)
        real_share = draw(labels.REAL_SHARE, prior)
    of_cov, of_mean = log_terms(spec, data, batch, shrinkage, real_share)
    numpyro.factor(labels.IMAGE_COV, of_cov)
    if of_mean is not None:
        numpyro.factor(labels.IMAGE_MEAN, of_mean)


def log_terms(
    spec: Spec, data: Transitions, batch: Array, shrinkage: Array, real_share: Array
) -> tuple[Array, Array | None]:
    """Log densities of the new covariances, and of the new means given these.

    Parameters
    ----------
    spec : Spec
    data : Transitions
    batch : Array
        effective_batch_size, or effective_image_count where sizes are unknown; anything that
        broadcasts with (replicate, transition, text).
    shrinkage, real_share : Array

    Returns
    -------
    of_cov : Array, shape (replicate, transition)
    of_mean : Array, shape (replicate, transition), or None
    """
    generated, log_weight = _sizes(spec, data.share, batch)
    pooled = image_law.pool(spec, generated, _per_text(spec, batch), real_share)
    # The barriers keep the compiler from computing the same again in each place of use.
    law = jax.lax.optimization_barrier(
        image_law.covariance_law(spec, pooled, shrinkage, data.spread, data.offset)
    )
    covs = image_law.covariance_terms(spec, law, data.log_det, data.scatter, data.offset)
    joint = covs
    if spec.has_mean:
        joint = joint + image_law.mean_terms(spec, pooled, law.scale, data.shift, data.offset)
    if log_weight is not None:
        # An unknown number of images is summed out of mean and covariance at once.
        covs, joint = jax.lax.optimization_barrier((covs + log_weight, joint + log_weight))
        covs, joint = jnp.logaddexp(*covs), jnp.logaddexp(*joint)
    return _total(data, covs + data.base_cov), (
        _total(data, joint - covs + data.base_mean) if spec.has_mean else None
    )


def _total(data: Transitions, terms: Array) -> Array:
    """Summed over the texts that have a law."""
    return jnp.sum(jnp.where(data.use, terms, 0), axis=-1)


def _per_text(spec: Spec, batch: Array) -> Array:
    """The average effective number of images of a text."""
    return jnp.mean(batch) if spec.sizes == "unknown" else batch / spec.num_texts


def _sizes(spec: Spec, share: Array | None, batch: Array) -> tuple[Array, Array | None]:
    """Numbers of generated images, on a leading axis where one of two, and their log weights."""
    shape = (spec.num_replicates, spec.num_transitions, spec.num_texts)
    if spec.sizes == "unknown" or share is None:
        return jnp.broadcast_to(batch, shape), None
    if spec.sizes == "counts":
        return batch * share, None
    number, weight = image_special.binomial_nodes(batch, share)
    return number, jnp.log(jnp.maximum(weight, 1e-300))


def replicate(spec: Spec, values: Values, rng_key: Array, data: Transitions) -> dict[str, Array]:
    """One draw of each state given the one before, by the model's own law.

    A state that was given no law (kept, or after a gap) is repeated from before.

    Parameters
    ----------
    spec : Spec
    values : mapping
    rng_key : Array
    data : Transitions

    Returns
    -------
    dict
        ``image_cov`` and, where it is observed, ``image_mean``.
    """
    key_node, key_state = jax.random.split(rng_key)
    batch = values[labels.EFFECTIVE_IMAGE_COUNT if spec.sizes == "unknown" else _BATCH]
    generated = _drawn_size(key_node, *_sizes(spec, data.share, batch))
    real_share = jnp.asarray(values.get(labels.REAL_SHARE, 0.0))
    pooled: Pool = image_law.pool(spec, generated, _per_text(spec, batch), real_share)
    shrinkage = values[labels.SHRINKAGE_FACTOR]
    law = image_law.covariance_law(spec, pooled, shrinkage, data.spread, data.offset)
    step, cov = image_law.sample(key_state, pooled, law, data.offset)
    cov = data.frame @ cov @ jnp.swapaxes(data.frame, -1, -2)
    drawn = {labels.IMAGE_COV: jnp.where(data.use[..., None, None], cov, data.before)}
    if spec.has_mean:
        moved = jnp.einsum("...ab,...b->...a", data.frame, step)
        drawn[labels.IMAGE_MEAN] = data.start + jnp.where(data.use[..., None], moved, 0)
    return drawn


_BATCH = labels.EFFECTIVE_BATCH_SIZE


def _drawn_size(rng_key: Array, number: Array, log_weight: Array | None) -> Array:
    """One of the nodes for each transition and text, with its probability."""
    if log_weight is None:
        return number
    heavy = jnp.log(jax.random.uniform(rng_key, number.shape[1:])) < log_weight[1]
    return jnp.where(heavy, number[1], number[0])


def identified(evidence: Evidence) -> tuple[str, ...]:
    """What these data cannot tell, whatever their values.

    Parameters
    ----------
    evidence : Evidence
    """
    spec = _spec(evidence)
    sentences = []
    if spec.replenishment != "none" and spec.num_transitions == 1:
        sentences.append(
            "With one transition from the reference itself, real_share is known from its prior "
            "only: real images look like generated ones until the Gaussians have moved."
        )
    if not spec.has_mean:
        sentences.append(
            "Without image_mean effective sizes are read from the covariances' scatter alone; "
            "record image_mean, whose drift tells of them too."
        )
    if spec.sizes == "unknown" and spec.replenishment == "images":
        sentences.append(
            "Without image_count and text_probs numbers of generated and of real images are told "
            "apart by the pull toward the reference only."
        )
    return tuple(sentences)


MODEL = Model(
    name="image_contraction",
    summary="image means and covariances: chance, shrinkage, or real images?",
    parameters=(
        labels.EFFECTIVE_BATCH_SIZE,
        labels.EFFECTIVE_IMAGE_COUNT,
        labels.SHRINKAGE_FACTOR,
        labels.REAL_SHARE,
    ),
    prepare=prepare,
    priors=priors,
    program=program,
    replicate=replicate,
    generate=generate,
    design=ImageDesign(),
    options=("replenishment", "reference", "ddof", "image_updates"),
    derived=(labels.EFFECTIVE_BATCH_SIZE,),
    identified=identified,
)
