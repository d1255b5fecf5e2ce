"""The average posterior where there are many texts and an image can be confused with few of them.

Of each image only the posteriors of its caption and of the caption's neighbours are computed, at a
cost that does not grow with the number of texts. Neighbours of text k are the texts j with

    |mu_j - mu_k|^2 <= 4 L (tr S_j + tr S_k),   exp(-L) = 2 LOST / (sum_j sqrt(p_j))^2.

The Bhattacharyya coefficient of a pair that is left out is at most exp(-L)
(:mod:`toolkit.loops.certainty`), and so the posterior mass that is lost is, in the mean over
images, at most ``sum sqrt(p_j p_k) exp(-L) / 2 <= LOST``. Room is kept for so many neighbours of an
image; where there are more, those stay that may have most, and the bound on what the others had
is added.
Neighbours are found by a k-d tree of the texts' first means, on the host, for the captions that
were drawn.
"""

from __future__ import annotations

import functools
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import numpy.typing as npt
from scipy.spatial import KDTree

from toolkit.loops import tiles
from toolkit.measures import ScaledFactor, image_total_sd
from toolkit.rng import fold_in, normals

Array = jax.Array
FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

#: Posterior mass that may be left out, in the mean over images.
LOST = 1e-6
#: Texts that are asked for their neighbours when room for them is made, and the room beyond: with
#: few images a text, some covariances grow before they shrink.
_ASKED = 4096
_SPARE = 2.0
#: Numbers (images times neighbours times features) worked on at once.
_LARGEST_BLOCK = 2**21


def summed_posteriors(
    rng_key: Array,
    count: Array,
    text_probs: Array,
    image_mean: Array,
    factor: ScaledFactor,
    reference_mean: Array,
    *,
    batch_size: int,
    neighbours: int,
    dtype: jnp.dtype,
) -> tuple[Array, Array]:
    """Sum over images of the posterior of each text, and the posterior mass left out.

    Parameters
    ----------
    rng_key : Array
    count : Array, shape (num_texts,)
        Whole numbers, how many images have each caption; their sum is ``batch_size``.
    text_probs : Array, shape (num_texts,)
    image_mean : Array, shape (num_texts, d)
    factor : ScaledFactor
    reference_mean : Array, shape (num_texts, d)
        Where each text's mean was at first: the tree is made of these once.
    batch_size : int
    neighbours : int
        Room for so many, the caption among them.
    dtype : jnp.dtype

    Returns
    -------
    total : Array, shape (num_texts,)
    dropped : Array
        Bound on the mean over images of the posterior mass that was left out.
    """
    num_texts, num_features = image_mean.shape
    own = jnp.searchsorted(jnp.cumsum(count), jnp.arange(batch_size), side="right")
    variance = jnp.square(image_total_sd(factor))
    shapes = (
        jax.ShapeDtypeStruct((batch_size, neighbours), jnp.int32),
        jax.ShapeDtypeStruct((), jnp.float64),
    )
    found, dropped = jax.pure_callback(
        partial(_neighbours, room=neighbours), shapes, own, image_mean, variance, text_probs,
        reference_mean, vmap_method="sequential",
    )  # fmt: skip
    texts = tiles.texts_of(text_probs, image_mean, factor)
    each = neighbours * num_features * (num_features + 2)
    block = min(batch_size, max(_LARGEST_BLOCK // each, 1))
    number = -(-batch_size // block)
    padding = number * block - batch_size
    own = jnp.pad(own, (0, padding)).reshape(number, block)
    found = jnp.pad(found, ((0, padding), (0, 0)), constant_values=num_texts)
    found = found.reshape(number, block, neighbours)

    def block_sum(total: Array, part: tuple[Array, Array, Array]) -> tuple[Array, None]:
        index, own, found = part
        key = fold_in(rng_key, index)
        z = normals(key, num_features, block, jnp.dtype("float32")) * tiles.UNIT
        ratio = tiles.exp2(_log2_ratios(own, found, z.astype(dtype), texts))
        share = ratio / jnp.sum(ratio, axis=1, keepdims=True)
        share = jnp.where(found[:, :1] < num_texts, share, 0)
        return total.at[found].add(share.astype(jnp.float64), mode="drop"), None

    parts = (jnp.arange(number), own, found)
    total, _ = jax.lax.scan(block_sum, jnp.zeros(num_texts, jnp.float64), parts)
    return total, dropped


def _log2_ratios(own: Array, found: Array, z: Array, texts: tiles.Texts) -> Array:
    """Binary logarithm of each neighbour's posterior over the caption's, (images, neighbours)."""
    # (own mean - mean) first: the means are exact, what is added to it may be tiny.
    between = (texts.mean[own][:, None] - texts.mean[found]) * tiles.UNIT
    offset = jnp.einsum("nab,bn->na", texts.root[own], z.astype(between.dtype))
    whitened = jnp.einsum("nmab,nmb->nma", texts.inverse[found], between + offset[:, None])
    distance = jnp.sum(jnp.square(tiles.rounded(whitened, z.dtype)), axis=-1)
    weight = texts.log_weight.at[found].get(mode="fill", fill_value=-jnp.inf)
    weight = tiles.rounded(weight - texts.log_weight[own][:, None], z.dtype)
    ratio = weight + (jnp.sum(jnp.square(z), axis=0)[:, None] - distance)
    # The caption stands first; there is nothing where nobody was found.
    ratio = jnp.where(found < len(texts.mean), ratio, -jnp.inf)
    return ratio.at[:, 0].set(0)


def room_for(text_probs: FloatArray, image_mean: FloatArray, image_cov: FloatArray) -> int:
    """Room for the neighbours of any text, as they are at the start, and as many again.

    Raises
    ------
    ValueError
        When an image may be confused with nearly all texts.
    """
    asked = np.linspace(0, len(text_probs) - 1, min(len(text_probs), _ASKED)).astype(int)
    variance = np.trace(image_cov, axis1=-2, axis2=-1)
    near = _Near(asked, image_mean, variance, text_probs, image_mean)
    most = int(np.bincount(near.row, minlength=len(asked)).max(initial=0)) + 1
    if len(text_probs) > 64 and most > len(text_probs) // 2:
        raise ValueError(
            f"a text has {most - 1} of the other {len(text_probs) - 1} texts near: posteriors are "
            'not sparse; use method="exact".'
        )
    room = 1 << (int(_SPARE * most) - 1).bit_length()
    return min(room, len(text_probs))


class _Near:
    """The neighbours of some texts: rows into them, the neighbours, and what they may take.

    Parameters
    ----------
    asked : array of int
        Texts, each once.
    image_mean, variance, text_probs, reference_mean : array
        Of all texts; ``variance`` is the trace of the covariance.
    """

    def __init__(
        self,
        asked: IntArray,
        image_mean: FloatArray,
        variance: FloatArray,
        text_probs: FloatArray,
        reference_mean: FloatArray,
    ) -> None:
        alive = text_probs > 0
        roots = np.sqrt(text_probs).sum()
        logs = max(np.log(roots**2 / (2 * LOST)), 0.0)
        moved = np.sqrt(np.square(image_mean - reference_mean).sum(-1)[alive].max())
        largest = variance[alive].max()
        radius = np.sqrt(4 * logs * (variance[asked] + largest)) + moved
        lists = _tree(reference_mean).query_ball_point(image_mean[asked], radius)
        lengths = np.fromiter(map(len, lists), int, len(lists))
        row = np.repeat(np.arange(len(asked)), lengths)
        text = np.concatenate([*lists, []]).astype(int)
        distance = np.square(image_mean[text] - image_mean[asked[row]]).sum(-1)
        spread = 4 * (variance[text] + variance[asked[row]])
        near = (distance <= logs * spread) & alive[text] & (text != asked[row])
        self.row, self.text = row[near], text[near]
        with np.errstate(divide="ignore", invalid="ignore"):
            ratio = np.where(spread > 0, distance / spread, np.where(distance > 0, np.inf, 0))
            #: What a neighbour may take of an image of the row's text, in the mean, at most.
            odds = np.sqrt(text_probs[text] / text_probs[asked[row]])
        self.take = (odds * np.exp(-ratio) / 2)[near]


def _neighbours(
    own: Array,
    image_mean: Array,
    variance: Array,
    text_probs: Array,
    reference_mean: Array,
    *,
    room: int,
) -> tuple[npt.NDArray[np.int32], FloatArray]:
    """For each image its caption, then its neighbours, then ``num_texts``; and the mass lost."""
    given = [np.asarray(each, float) for each in (image_mean, variance, text_probs, reference_mean)]
    captions, of_image, number = np.unique(np.asarray(own), return_inverse=True, return_counts=True)
    near = _Near(captions, *given)
    order = np.lexsort((-near.take, near.row))
    row, text, take = near.row[order], near.text[order], near.take[order]
    place = np.arange(len(row)) - np.searchsorted(row, row) + 1
    table = np.full((len(captions), room), len(given[0]), np.int32)
    table[:, 0] = captions
    fits = place < room
    table[row[fits], place[fits]] = text[fits]
    beyond = np.sum((number[row] * np.minimum(take, 1))[~fits]) / len(of_image)
    return table[of_image], np.asarray(LOST + beyond)


def _tree(mean: FloatArray) -> KDTree:
    """The tree of some means, made once."""
    return _tree_of_bytes(np.ascontiguousarray(mean).tobytes(), mean.shape[1])


@functools.lru_cache(maxsize=4)
def _tree_of_bytes(means: bytes, num_features: int) -> KDTree:
    return KDTree(np.frombuffer(means).reshape(-1, num_features))
