"""What the co-evolving process is made of: choices, numbers, states, and those of a system.

Covariances are plain matrices here, so a program follows a collapse down to standard deviations
of about 1e-7 of the distances between means; ``toolkit.simulate`` has no such limit.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Literal, NamedTuple, get_args

import jax
import jax.numpy as jnp
import numpy as np
from scipy import stats

from toolkit import measures
from toolkit.systems import CoevolvingSystem

Array = measures.Array  # and with it JAX's 64-bit floats

#: ``"literal"`` draws every caption and image; ``"exact"`` their sufficient statistics.
Method = Literal["exact", "literal"]
_METHODS = get_args(Method)

#: A run of default capacity meets it with a probability below this, in each replicate.
_FULL = 1e-9


@dataclasses.dataclass(frozen=True)
class Form:
    """All that fixes which sites there are and what shapes they have.

    Attributes
    ----------
    literal : bool
    num_texts : int
        Slots, whether they hold a text or not.
    num_features, batch_size, text_updates, image_updates, ddof, min_images : int
        As in the system.
    reading : str or None
        Of an injected corpus, None without one.
    fresh_corpus : bool
        The corpus is drawn anew at each injection.
    new_mean_given, new_cov_given : bool
        A new text's Gaussian is known.
    real_images : int
        User content per text and image update.
    real_given : bool
        They are drawn from given images.
    """

    literal: bool
    num_texts: int
    num_features: int
    batch_size: int
    text_updates: int
    image_updates: int
    ddof: int
    min_images: int
    reading: str | None
    fresh_corpus: bool
    new_mean_given: bool
    new_cov_given: bool
    real_images: int
    real_given: bool


class Numbers(NamedTuple):
    """The process's numbers: known ones of a system, or parameters."""

    text_temperature: Array
    shrinkage_factor: Array
    injection_prob: Array
    injection_fraction: Array
    target: Array
    concentration: Array
    new_text_mean: Array
    new_text_cov: Array
    real_images: Array
    real_available: Array


class State(NamedTuple):
    """A state; slots without a text have probability 0 and a unit Gaussian.

    The reference is each text's Gaussian when it came in.
    """

    text_probs: Array
    text_active: Array
    image_mean: Array
    image_cov: Array
    reference_mean: Array
    reference_cov: Array


def form_of(system: CoevolvingSystem, generations: int, method: Method) -> Form:
    """The choices of a system that runs for so many generations.

    Raises
    ------
    ValueError
        When there is no such method.

    Examples
    --------
    >>> system = CoevolvingSystem.on_unit_circle(num_texts=3, variance=1.0, batch_size=50)
    >>> form_of(system, 10, "exact").num_texts
    3
    """
    if method not in _METHODS:
        raise ValueError(f"method must be one of {_METHODS}, not {method!r}.")
    corpus, content = system.corpus, system.user_content
    injected = corpus is not None and corpus.prob * corpus.fraction > 0
    num_texts = system.num_texts
    if corpus is not None and injected and corpus.reading == "new_text":
        longest = num_texts + int(stats.binom.isf(_FULL, generations, corpus.prob))
        num_texts = longest if corpus.capacity is None else corpus.capacity
    return Form(
        literal=method == "literal",
        num_texts=num_texts,
        num_features=system.num_features,
        batch_size=system.batch_size,
        text_updates=system.text_updates,
        image_updates=system.image_updates,
        ddof=system.ddof,
        min_images=system.min_images,
        reading=None if corpus is None or not _acts(system) else corpus.reading,
        fresh_corpus=corpus is not None and corpus.concentration is not None,
        new_mean_given=corpus is not None and corpus.new_text_mean is not None,
        new_cov_given=corpus is not None and corpus.new_text_cov is not None,
        real_images=0 if content is None else content.num_images,
        real_given=content is not None and content.images is not None,
    )


def _acts(system: CoevolvingSystem) -> bool:
    """Whether injections are events to be recorded: a new text of no mass is none."""
    corpus = system.corpus
    if corpus is None:
        return False
    return corpus.reading == "fixed_corpus" or corpus.prob * corpus.fraction > 0


def numbers_of(system: CoevolvingSystem, form: Form) -> Numbers:
    """The known numbers of a system."""
    corpus, content, d = system.corpus, system.user_content, form.num_features
    target = np.full(system.num_texts, 1 / system.num_texts)
    mean, cov, concentration = np.zeros(d), np.eye(d), 1.0
    if corpus is not None:
        target = target if corpus.target is None else corpus.target
        concentration = corpus.concentration or concentration
        mean = mean if corpus.new_text_mean is None else corpus.new_text_mean
        cov = cov if corpus.new_text_cov is None else corpus.new_text_cov
    images, available = _table(() if content is None else content.images or (), form)
    return Numbers(
        text_temperature=jnp.asarray(system.text_temperature),
        shrinkage_factor=jnp.asarray(system.shrinkage_factor),
        injection_prob=jnp.asarray(0.0 if corpus is None else corpus.prob),
        injection_fraction=jnp.asarray(0.0 if corpus is None else corpus.fraction),
        target=_slots(target, form, 0.0),
        concentration=jnp.asarray(concentration),
        new_text_mean=jnp.asarray(mean),
        new_text_cov=jnp.asarray(cov),
        real_images=images,
        real_available=available,
    )


def initial_of(system: CoevolvingSystem, form: Form) -> State:
    """The state at generation 0, with empty slots."""
    probs = system.text_probs / system.text_probs.sum()
    mean = _slots(system.image_mean, form, 0.0)
    cov = _slots(system.image_cov, form, np.eye(form.num_features))
    active = jnp.arange(form.num_texts) < system.num_texts
    return State(_slots(probs, form, 0.0), active, mean, cov, mean, cov)


def _slots(of_texts: np.ndarray, form: Form, empty: np.ndarray | float) -> Array:
    """An array over texts, with empty slots up to the capacity."""
    slots = np.empty((form.num_texts, *of_texts.shape[1:]))
    slots[:] = empty
    slots[: len(of_texts)] = of_texts
    return jnp.asarray(slots)


def _table(given: Sequence[np.ndarray], form: Form) -> tuple[Array, Array]:
    """Given images of all texts in one array, and how many each has."""
    available = [*map(len, given), *[1] * (form.num_texts - len(given))]
    table = np.zeros((form.num_texts, max(available), form.num_features))
    for text, images in enumerate(given):
        table[text, : len(images)] = images
    return jnp.asarray(table), jnp.asarray(available)


def mask_slots(active: Array, value: Array) -> Array:
    """The value, 0 or False in slots that hold no text; texts on the first axis."""
    held = jax.lax.expand_dims(active, range(1, value.ndim))
    return jnp.where(held, value, jnp.zeros_like(value))
