"""The sites of one update of the co-evolving process, literal or by sufficient statistics.

A text update draws ``batch_size`` captions and an image of each, and averages the images'
posteriors (theory, section 1). An image update draws captions and images anew; each text's
images enter by their number, mean and scatter only, and given the number ``n`` these are drawn
from their exact law in the collapsed form (theory, section 3): with ``Sigma = L L'``,

    mean = mu + L z / sqrt(n),   scatter = (L A)(L A)',   A A' ~ Wishart(n - 1, I),

``z`` standard normal and ``A`` Bartlett's triangular factor: independent ``A_jj^2 ~ chi^2`` with
``n - 1 - j`` degrees of freedom (j = 0, 1, ..), standard normals below. With ``n - 1`` below the
number of features the surplus columns vanish, as do those of a QR factor.

The code shares nothing with ``toolkit.loops``: that both draw from one law is a result.
"""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpyro
import numpyro.distributions as dist

from toolkit.models.coevolution_parts import Array, Form, Numbers, State

#: Rounding, in units of the number of features: a pivot this small is none.
_SINGULAR = 64


class CaptionCounts(dist.MultinomialProbs):
    """A multinomial law whose draws cost the number of texts, not that of images."""

    def sample(self, key: Array, sample_shape: tuple[int, ...] = ()) -> Array:
        """Counts, as whole numbers."""
        total = jnp.asarray(self.total_count, float)
        shape = sample_shape + self.batch_shape
        probs = jnp.broadcast_to(self.probs, shape + self.event_shape)
        return jax.random.multinomial(key, total, probs, shape=shape).astype(int)


class Pool(NamedTuple):
    """Each text's images, by number, mean and scatter ``sum (y - mean)(y - mean)'``."""

    number: Array
    mean: Array
    scatter: Array


def average_posterior(form: Form, state: State) -> Array:
    """Sites ``captions`` (or ``caption_count``) and ``images``; the mean of their posteriors."""
    root = jnp.linalg.cholesky(state.image_cov)
    if form.literal:
        own = _captions(form, state)
    else:
        count = _caption_count(form, state)
        own = jnp.searchsorted(jnp.cumsum(count), jnp.arange(form.batch_size), side="right")
    images = _images(state, root, own)
    return jnp.mean(posteriors(state, root, images), axis=0)


def posteriors(state: State, root: Array, images: Array) -> Array:
    """Posterior probability of each text given each image, shape (num_images, num_texts)."""
    eye = jnp.broadcast_to(jnp.eye(root.shape[-1]), root.shape)
    inverse = jax.scipy.linalg.solve_triangular(root, eye, lower=True)
    white = jnp.einsum("kab,nkb->nka", inverse, images[:, None] - state.image_mean)
    log_det = jnp.sum(jnp.log(jnp.diagonal(root, axis1=-2, axis2=-1)), axis=-1)
    log_joint = jnp.log(state.text_probs) - log_det - 0.5 * jnp.sum(jnp.square(white), axis=-1)
    return jax.nn.softmax(log_joint, axis=-1)


def generated_pool(form: Form, state: State) -> Pool:
    """The generated images of each text, from sites for them or for their statistics."""
    root = jnp.linalg.cholesky(state.image_cov)
    if not form.literal:
        return _statistics("", _caption_count(form, state), state.image_mean, root)
    own = _captions(form, state)
    images = _images(state, root, own)
    member = (own[:, None] == jnp.arange(form.num_texts)).astype(float)
    # Seen from their own mean, so that the scatter of a narrow text keeps its digits.
    return _pool_of(images[:, None] - state.image_mean, member, state.image_mean)


def real_pool(form: Form, numbers: Numbers, state: State) -> Pool:
    """User content: drawn from each text's first Gaussian, or from its given images."""
    number = jnp.full(form.num_texts, form.real_images)
    if form.real_given:
        shape = (form.real_images, form.num_texts)
        last = jnp.broadcast_to(numbers.real_available - 1, shape)
        pick = numpyro.sample("real_image", dist.DiscreteUniform(0, last).to_event(2))
        images = numbers.real_images[jnp.arange(form.num_texts), pick]
    else:
        root = jnp.linalg.cholesky(state.reference_cov)
        if not form.literal:
            return _statistics("real_", number, state.reference_mean, root)
        law = dist.MultivariateNormal(state.reference_mean, scale_tril=root)
        images = numpyro.sample("real_images", law.expand((form.real_images, form.num_texts)))
    # Seen from one of them: the scatter of one image drawn again and again is exactly 0.
    return _pool_of(images - images[0], jnp.ones(images.shape[:2]), images[0])


def pooled(first: Pool, second: Pool) -> Pool:
    """Both together; the second is not empty."""
    number = first.number + second.number
    between = second.mean - first.mean
    share = (second.number / number)[:, None]
    product = between[:, :, None] * between[:, None, :]
    weight = first.number * second.number / number
    return Pool(
        number=number,
        mean=first.mean + share * between,
        scatter=first.scatter + second.scatter + weight[:, None, None] * product,
    )


def is_singular(cov: Array) -> Array:
    """Whether the images lie in a plane, within rounding: a pivot is none, shape (num_texts,).

    A squared pivot is what is left of a feature's variance given those before it.
    """
    pivots = jnp.square(jnp.diagonal(jnp.linalg.cholesky(cov), axis1=-2, axis2=-1))
    limit = _SINGULAR * cov.shape[-1] * jnp.finfo(cov.dtype).eps
    # A failed factorisation is NaN, which is not above the limit either.
    return ~jnp.all(pivots > limit * jnp.diagonal(cov, axis1=-2, axis2=-1), axis=-1)


def _captions(form: Form, state: State) -> Array:
    law = dist.Categorical(probs=state.text_probs).expand((form.batch_size,)).to_event(1)
    own: Array = numpyro.sample("captions", law)
    return own


def _caption_count(form: Form, state: State) -> Array:
    count: Array = numpyro.sample(
        "caption_count", CaptionCounts(state.text_probs, total_count=form.batch_size)
    )
    return count


def _images(state: State, root: Array, own: Array) -> Array:
    law = dist.MultivariateNormal(state.image_mean[own], scale_tril=root[own])
    images: Array = numpyro.sample("images", law.to_event(1))
    return images


def _statistics(prefix: str, number: Array, mean: Array, root: Array) -> Pool:
    """A sample of so many images of N(mean, root root'), from its statistics' exact law."""
    d = mean.shape[-1]
    z = numpyro.sample(f"{prefix}mean_normals", dist.Normal(0, 1).expand(mean.shape).to_event(2))
    degrees = number[:, None] - 1 - jnp.arange(d)
    square = numpyro.sample(
        f"{prefix}scatter_squares", dist.Chi2(jnp.maximum(degrees, 1)).to_event(2)
    )
    below = numpyro.sample(
        f"{prefix}scatter_normals", dist.Normal(0, 1).expand(root.shape).to_event(3)
    )
    lower = jnp.tril(below, -1) + jnp.sqrt(square)[:, :, None] * jnp.eye(d)
    bartlett = root @ jnp.where(degrees[:, None, :] > 0, lower, 0)
    return Pool(
        number=number,
        mean=mean
        + jnp.squeeze(root @ z[..., None], -1) / jnp.sqrt(jnp.maximum(number, 1))[:, None],
        scatter=bartlett @ jnp.swapaxes(bartlett, -1, -2),
    )


def _pool_of(offset: Array, member: Array, origin: Array) -> Pool:
    """The pool of images given by their offset from each text's origin.

    Parameters
    ----------
    offset : Array, shape (num_images, num_texts, d)
    member : Array, shape (num_images, num_texts)
        1 where the image is one of the text's, else 0.
    origin : Array, shape (num_texts, d)
    """
    number = jnp.sum(member, axis=0)
    mean = jnp.einsum("nk,nka->ka", member, offset) / jnp.maximum(number, 1)[:, None]
    centred = offset - mean
    return Pool(
        number=number.astype(int),
        mean=origin + mean,
        scatter=jnp.einsum("nk,nka,nkb->kab", member, centred, centred),
    )
