"""The co-evolving system as a NumPyro program: one generation, and a trajectory of them.

One generation (theory, section 1): an injected corpus, with its probability; text updates;
image updates, each on the state the one before left. Every random number is a sample site,
inside ``text_update_0``, ``text_update_1``, .., ``image_update_0``, ..; the state after a
generation and its events are deterministic sites with the names of :mod:`toolkit.labels`.
"""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpyro
import numpyro.distributions as dist
from numpyro.contrib.control_flow import scan

from toolkit import labels
from toolkit.models import coevolution_sites as sites
from toolkit.models.coevolution_parts import Array, Form, Numbers, State, mask_slots

_NEW_TEXT = "new_text"

#: Sites of a generation's state and events: what has a label, and what fidelity refers to.
REFERENCE_MEAN, REFERENCE_COV = "reference_mean", "reference_cov"
RECORDED = (
    *(labels.TEXT_PROBS, labels.TEXT_ACTIVE, labels.IMAGE_MEAN, labels.IMAGE_COV),
    *(labels.IMAGE_COUNT, labels.IMAGE_KEPT, REFERENCE_MEAN, REFERENCE_COV),
    *(labels.TEXT_INJECTED, labels.CAPACITY_REACHED),
)


class Events(NamedTuple):
    """What happened in a generation."""

    image_count: Array
    image_kept: Array
    text_injected: Array
    capacity_reached: Array


def no_events(form: Form) -> Events:
    """Those of generation 0."""
    nothing, never = jnp.zeros(form.num_texts, int), jnp.asarray(False)
    return Events(nothing, nothing > 0, never, never)


def trajectory(form: Form, numbers: Numbers, initial: State, generations: int) -> State:
    """The program of one replicate; its sites have the generations 1, 2, .. as first axis.

    Parameters
    ----------
    form : Form
    numbers : Numbers
    initial : State
    generations : int

    Returns
    -------
    State
        The last.

    Examples
    --------
    >>> import jax, numpyro
    >>> from toolkit.models.coevolution_parts import form_of, initial_of, numbers_of
    >>> from toolkit.systems import CoevolvingSystem
    >>> system = CoevolvingSystem.on_unit_circle(num_texts=3, variance=1.0, batch_size=20)
    >>> form = form_of(system, 4, "literal")
    >>> trace = numpyro.handlers.trace(numpyro.handlers.seed(trajectory, 0)).get_trace(
    ...     form, numbers_of(system, form), initial_of(system, form), 4
    ... )
    >>> trace["text_update_0/captions"]["value"].shape, trace["text_probs"]["value"].shape
    ((4, 20), (4, 3))
    """

    def one(state: State, _: None) -> tuple[State, None]:
        state, events = generation(form, numbers, state)
        for name, value in recorded(state, events).items():
            numpyro.deterministic(name, value)
        return state, None

    last: State = scan(one, initial, None, length=generations)[0]
    return last


def recorded(state: State, events: Events) -> dict[str, Array]:
    """The state and events by name, 0 or False in slots that hold no text."""
    of_texts = {
        labels.TEXT_PROBS: state.text_probs,
        labels.TEXT_ACTIVE: state.text_active,
        labels.IMAGE_MEAN: state.image_mean,
        labels.IMAGE_COV: state.image_cov,
        labels.IMAGE_COUNT: events.image_count,
        labels.IMAGE_KEPT: events.image_kept,
        REFERENCE_MEAN: state.reference_mean,
        REFERENCE_COV: state.reference_cov,
    }
    masked = {name: mask_slots(state.text_active, value) for name, value in of_texts.items()}
    return masked | {
        labels.TEXT_INJECTED: events.text_injected,
        labels.CAPACITY_REACHED: events.capacity_reached,
    }


def generation(form: Form, numbers: Numbers, state: State) -> tuple[State, Events]:
    """One generation: corpus, text updates, image updates."""
    events = no_events(form)
    if form.reading is not None:
        inject = _append_text if form.reading == _NEW_TEXT else _mix_corpus
        state, injected, full = inject(form, numbers, state)
        events = events._replace(text_injected=injected, capacity_reached=full)
    for update in range(form.text_updates):
        with numpyro.handlers.scope(prefix=f"text_update_{update}"):
            probs = sites.average_posterior(form, state)
        state = state._replace(text_probs=sharpened(probs, numbers.text_temperature))
    for update in range(form.image_updates):
        with numpyro.handlers.scope(prefix=f"image_update_{update}"):
            state, count, kept = _image_update(form, numbers, state)
        events = events._replace(image_count=count, image_kept=events.image_kept | kept)
    return state, events


def sharpened(probs: Array, temperature: Array) -> Array:
    """``p^(1/temperature)``, renormalised."""
    return jax.nn.softmax(jnp.log(probs) / temperature, axis=-1)


def _mix_corpus(form: Form, numbers: Numbers, state: State) -> tuple[State, Array, Array]:
    """Reading "fixed_corpus": ``p <- (1 - fraction) p + fraction u``, with its probability."""
    injected = _event(numbers)
    corpus = numbers.target
    if form.fresh_corpus:
        there = numbers.target > 0
        # What a Dirichlet law's other components leave, renormalised, is that of the rest.
        law = dist.Dirichlet(jnp.where(there, numbers.concentration * numbers.target, 1))
        drawn = jnp.where(there, numpyro.sample("corpus", law), 0)
        corpus = drawn / jnp.sum(drawn)
    mixed = (1 - numbers.injection_fraction) * state.text_probs
    mixed += numbers.injection_fraction * corpus
    probs = jnp.where(injected, mixed, state.text_probs)
    return state._replace(text_probs=probs), injected, jnp.asarray(False)


def _append_text(form: Form, numbers: Numbers, state: State) -> tuple[State, Array, Array]:
    """Reading "new_text": a text that was not there, with mass ``fraction``; others scaled."""
    due = _event(numbers)
    room = ~jnp.all(state.text_active)
    weight = state.text_probs
    average_mean, average_cov = (
        jnp.tensordot(weight, part, 1) for part in (state.image_mean, state.image_cov)
    )
    mean = numbers.new_text_mean if form.new_mean_given else average_mean
    cov = numbers.new_text_cov if form.new_cov_given else average_cov
    appended = due & room
    # Texts fill the slots from the first on; the new one takes the first that is empty.
    slot = appended & (jnp.arange(form.num_texts) == jnp.sum(state.text_active))
    scaled = (1 - numbers.injection_fraction) * weight
    with_new = jnp.where(slot, numbers.injection_fraction, scaled)
    new = State(
        text_probs=jnp.where(appended, with_new, weight),
        text_active=state.text_active | slot,
        image_mean=jnp.where(slot[:, None], mean, state.image_mean),
        image_cov=jnp.where(slot[:, None, None], cov, state.image_cov),
        reference_mean=jnp.where(slot[:, None], mean, state.reference_mean),
        reference_cov=jnp.where(slot[:, None, None], cov, state.reference_cov),
    )
    return new, appended, due & ~room


def _event(numbers: Numbers) -> Array:
    due: Array = numpyro.sample("injection_due", dist.Bernoulli(numbers.injection_prob))
    return due.astype(bool)


def _image_update(form: Form, numbers: Numbers, state: State) -> tuple[State, Array, Array]:
    """Each text's new mean and covariance, under the keep rule; counts; which were kept."""
    pool = generated_pool = sites.generated_pool(form, state)
    if form.real_images:
        pool = sites.pooled(generated_pool, sites.real_pool(form, numbers, state))
    enough = pool.number >= form.min_images
    denominator = jnp.where(enough, pool.number - form.ddof, 1)
    cov = numbers.shrinkage_factor * pool.scatter / denominator[:, None, None]
    cov = jnp.where(enough[:, None, None], cov, jnp.eye(form.num_features))
    updated = state.text_active & enough & ~sites.is_singular(cov)
    state = state._replace(
        image_mean=jnp.where(updated[:, None], pool.mean, state.image_mean),
        image_cov=jnp.where(updated[:, None, None], cov, state.image_cov),
    )
    return state, generated_pool.number, state.text_active & ~updated
