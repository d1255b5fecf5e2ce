"""What the co-evolving loop is made of: state, events, numbers, choices, and how they start."""

from __future__ import annotations

import dataclasses
from typing import Literal, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from scipy import stats

from toolkit import measures
from toolkit.loops.protocol import Dtype, Method
from toolkit.loops.sparse import room_for
from toolkit.loops.tiles import LARGEST_BLOCK, numbers_of_image
from toolkit.measures import ScaledFactor
from toolkit.systems import CoevolvingSystem

Array = jax.Array

#: A run of default capacity meets it with a probability below this, in each replicate.
_CAPACITY_TAIL = 1e-9

#: Images that stand for a batch under ``method="diffusion"``.
DIFFUSION_IMAGES = 512

Captions = Literal["certain", "images"]


#: Compiled as one program instead of an operation at a time.
_factorise = jax.jit(measures.factorise)


class State(NamedTuple):
    """State of one replicate; slots that hold no text have probability 0 and unit Gaussians.

    The reference is each text's Gaussian when it came in: what user content is drawn from and
    fidelity is measured against.
    """

    text_probs: Array
    text_active: Array
    image_mean: Array
    image_factor: ScaledFactor
    reference_mean: Array
    reference_factor: ScaledFactor


class Info(NamedTuple):
    """What happened in one generation."""

    image_count: Array
    image_kept: Array
    text_one_hot: Array
    text_left_out: Array
    text_injected: Array
    capacity_reached: Array


class Params(NamedTuple):
    """Numbers that may vary without compiling anew.

    The last three are used where ``Spec.varying`` says so: a whole number of images per update,
    and ``real_number + real_odds`` times its generated ones that are real, on average, of a text.
    """

    inverse_temperature: Array
    shrinkage_factor: Array
    corpus_prob: Array
    corpus_fraction: Array
    corpus_target: Array
    corpus_concentration: Array
    new_text_mean: Array
    new_text_factor: ScaledFactor
    user_images: Array
    user_available: Array
    batch_size: Array
    real_number: Array
    real_odds: Array


@dataclasses.dataclass(frozen=True)
class Varying:
    """How a loop runs whose batch size and real images are numbers of ``Params``.

    Attributes
    ----------
    captions : {"certain", "images"}
        ``"certain"``: posteriors are one-hot, so that an average posterior is the captions'
        counts over the batch size, and no image is drawn. ``"images"``: posteriors of
        ``batch_size`` images, but of at most ``Spec.batch_size`` of them.
    sharpen_first : bool
        The temperature acts on the probabilities that captions are drawn from, and not on the
        averages.
    real_images : bool
        Whether there may be real images.
    """

    captions: Captions = "images"
    sharpen_first: bool = False
    real_images: bool = False


@dataclasses.dataclass(frozen=True)
class Spec:
    """Everything static: sizes and branches."""

    method: Method
    dtype: Dtype
    num_texts: int
    num_features: int
    batch_size: int
    text_updates: int
    image_updates: int
    ddof: int
    min_images: int
    sharpen: bool
    reading: str | None
    fresh_corpus: bool
    new_text_given: tuple[bool, bool]
    user_images: int
    user_images_given: bool
    varying: Varying | None = None
    neighbours: int = 0


def no_info(spec: Spec) -> Info:
    """Generation 0, in which nothing has happened yet."""
    nothing = jnp.zeros(spec.num_texts, bool)
    return Info(
        image_count=jnp.zeros(spec.num_texts, jnp.int64),
        image_kept=nothing,
        text_one_hot=jnp.asarray(False),
        text_left_out=jnp.asarray(0.0),
        text_injected=jnp.asarray(False),
        capacity_reached=jnp.asarray(False),
    )


def merge_info(earlier: Info, later: Info) -> Info:
    """Events since the last recorded generation; counts, and how captions went, of the latest."""
    return later._replace(
        image_kept=earlier.image_kept | later.image_kept,
        text_injected=earlier.text_injected | later.text_injected,
        capacity_reached=earlier.capacity_reached | later.capacity_reached,
    )


def texts_come_in(system: CoevolvingSystem) -> bool:
    """Whether new texts are ever appended; an injection that never happens is none."""
    corpus = system.corpus
    return corpus is not None and corpus.reading == "new_text" and corpus.prob * corpus.fraction > 0


def capacity_of(system: CoevolvingSystem, generations: int | None) -> int:
    """How many texts there is room for.

    Raises
    ------
    ValueError
        When texts come in and neither a capacity nor a number of generations is known.
    """
    corpus = system.corpus
    if corpus is None or not texts_come_in(system):
        return system.num_texts
    if corpus.capacity is not None:
        return corpus.capacity
    if generations is None:
        raise ValueError(
            "the number of texts grows: give corpus.capacity, or say how many generations."
        )
    return system.num_texts + int(stats.binom.isf(_CAPACITY_TAIL, generations, corpus.prob))


def cost_of(spec: Spec) -> int:
    """Numbers held at once by a replicate: images only where they are drawn one by one."""
    images, d = _images(spec), spec.num_features
    each = spec.neighbours * d or numbers_of_image(spec.num_texts, d)
    posteriors = min(each * images, LARGEST_BLOCK)
    held = images * spec.num_texts if spec.method == "literal" else posteriors
    given = spec.user_images if spec.user_images_given or spec.method == "literal" else 0
    return held + spec.num_texts * d * (2 * d + 4 + given)


def work_of(spec: Spec) -> int:
    """Numbers worked through by a replicate in one generation."""
    updates = max(spec.text_updates, spec.image_updates, 1)
    near = spec.neighbours or spec.num_texts
    return updates * max(near * spec.num_features * _images(spec), cost_of(spec))


def _images(spec: Spec) -> int:
    """Images of one update that are drawn one by one."""
    if spec.method == "literal":
        return spec.batch_size
    certain = spec.varying is not None and spec.varying.captions == "certain"
    if certain or spec.method == "one_hot" or not spec.text_updates:
        return 0
    return drawn_images(spec)


def drawn_images(spec: Spec) -> int:
    """Images drawn in a text update."""
    return min(spec.batch_size, DIFFUSION_IMAGES if spec.method == "diffusion" else spec.batch_size)


def spec_of(system: CoevolvingSystem, capacity: int, method: Method, dtype: Dtype) -> Spec:
    """Sizes and choices, all that is compiled in."""
    corpus, content = system.corpus, system.user_content
    reading = None if corpus is None else corpus.reading
    if reading == "new_text" and not texts_come_in(system):
        reading = None
    return Spec(
        method=method,
        dtype=dtype,
        num_texts=capacity,
        num_features=system.num_features,
        batch_size=system.batch_size,
        text_updates=system.text_updates,
        image_updates=system.image_updates,
        ddof=system.ddof,
        min_images=system.min_images,
        sharpen=system.text_temperature != 1,
        reading=reading,
        fresh_corpus=corpus is not None and corpus.concentration is not None,
        new_text_given=(
            corpus is not None and corpus.new_text_mean is not None,
            corpus is not None and corpus.new_text_cov is not None,
        ),
        user_images=0 if content is None else content.num_images,
        user_images_given=content is not None and content.images is not None,
        neighbours=_neighbours(system) if method == "sparse" else 0,
    )


def _neighbours(system: CoevolvingSystem) -> int:
    """Room for the texts that an image may be confused with."""
    if texts_come_in(system):
        raise ValueError(
            'method "sparse" looks for neighbours among the texts of the start: use "exact" where '
            "texts come in."
        )
    probs = system.text_probs / system.text_probs.sum()
    return room_for(probs, system.image_mean, system.image_cov)


def params_of(system: CoevolvingSystem, capacity: int) -> Params:
    """The numbers that may vary without compiling anew."""
    corpus, content = system.corpus, system.user_content
    num_texts, num_features = system.num_texts, system.num_features
    target = np.full(num_texts, 1 / num_texts)
    if corpus is not None and corpus.target is not None:
        target = corpus.target
    new_mean = None if corpus is None else corpus.new_text_mean
    new_cov = None if corpus is None else corpus.new_text_cov
    given = () if content is None or content.images is None else content.images
    available = max((len(images) for images in given), default=1)
    padded = np.zeros((capacity, available, num_features))
    for index, images in enumerate(given):
        padded[index, : len(images)] = images
    return Params(
        inverse_temperature=jnp.asarray(1 / system.text_temperature),
        shrinkage_factor=jnp.asarray(system.shrinkage_factor),
        corpus_prob=jnp.asarray(0.0 if corpus is None else corpus.prob),
        corpus_fraction=jnp.asarray(0.0 if corpus is None else corpus.fraction),
        corpus_target=jnp.asarray(_grown(target, capacity, 0.0)),
        corpus_concentration=jnp.asarray((corpus and corpus.concentration) or 1.0),
        new_text_mean=jnp.zeros(num_features) if new_mean is None else jnp.asarray(new_mean),
        new_text_factor=_factorise(np.eye(num_features) if new_cov is None else new_cov),
        user_images=jnp.asarray(padded),
        user_available=jnp.asarray([*map(len, given), *[1] * (capacity - len(given))]),
        batch_size=jnp.asarray(float(system.batch_size)),
        real_number=jnp.asarray(0.0 if content is None else float(content.num_images)),
        real_odds=jnp.asarray(0.0),
    )


def initial_state(system: CoevolvingSystem, capacity: int) -> State:
    """The state at generation 0, with empty slots up to the capacity."""
    mean = jnp.asarray(_grown(system.image_mean, capacity, 0.0))
    factor = _factorise(_grown(system.image_cov, capacity, np.eye(system.num_features)))
    return State(
        text_probs=jnp.asarray(_grown(system.text_probs / system.text_probs.sum(), capacity, 0.0)),
        text_active=jnp.asarray(np.arange(capacity) < system.num_texts),
        image_mean=mean,
        image_factor=factor,
        reference_mean=mean,
        reference_factor=factor,
    )


def _grown(array: np.ndarray, capacity: int, fill: np.ndarray | float) -> np.ndarray:
    """The array with empty slots appended."""
    rest = np.broadcast_to(fill, (capacity - len(array), *array.shape[1:]))
    return np.concatenate([array, rest])
