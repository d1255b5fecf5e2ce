"""The co-evolving text/image loop (Gao and Li, Algorithms 1 to 3; theory, section 1).

One generation: corpus injection, then text updates, then image updates, each on the state the
one before left. The literal kernel draws every caption and image as the algorithm is written;
the exact kernel draws, for an image update, the counts, means and scatters from their exact
law (multinomial, normal, Wishart), and, for a text update, the images grouped by caption, or
none where their posteriors are one-hot but for rounding (:mod:`toolkit.loops.certainty`).

The others are approximations of the text update. Two of them cost the same whatever the batch
size, one whatever the number of texts:

- ``"diffusion"`` has its exact mean and covariance: n = 512 images stand for N, with average
  posterior r, and ``p + sqrt(n/N) (r - p)`` has mean p and covariance C(p)/N as the average over N
  has. Its higher cumulants are those of n images: rare texts fade instead of getting no caption.
- ``"one_hot"`` takes every posterior for its caption: multinomial counts over N. The mean total
  variation between a posterior and its caption is bounded in ``text_confusion``.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp

from toolkit import labels, measures
from toolkit.loops import gaussians, posterior
from toolkit.loops.certainty import confusion_bound
from toolkit.loops.coevolving_parts import (
    Info,
    Params,
    Spec,
    State,
    capacity_of,
    cost_of,
    drawn_images,
    initial_state,
    merge_info,
    no_info,
    params_of,
    spec_of,
    work_of,
)
from toolkit.loops.protocol import Dtype, Loop, Method, loop_of, same_start
from toolkit.measures import ScaledFactor
from toolkit.rng import fold_in, split, uniform
from toolkit.systems import CoevolvingSystem

Array = jax.Array

_EXTRA = (labels.TEXT_ACTIVE, labels.TEXT_INJECTED, labels.CAPACITY_REACHED)
#: What tells how well a method did.
_OF_METHOD: dict[Method, tuple[str, ...]] = {
    "exact": (labels.TEXT_ONE_HOT,),
    "literal": (),
    "diffusion": (labels.TEXT_ONE_HOT,),
    "one_hot": (labels.TEXT_CONFUSION,),
    "sparse": (labels.TEXT_LEFT_OUT,),
}


@loop_of.register
def coevolving_loop(
    system: CoevolvingSystem,
    *,
    generations: int | None = None,
    method: Method = "exact",
    dtype: Dtype = "float64",
) -> Loop:
    """The loop of a co-evolving system; see :func:`toolkit.loops.loop_of`."""
    capacity = capacity_of(system, generations)
    spec = spec_of(system, capacity, method, dtype)
    extra: tuple[str, ...] = _EXTRA if spec.reading == "new_text" else ()
    if system.text_updates:
        extra += _OF_METHOD[method]
    return Loop(
        spec=spec,
        params=params_of(system, capacity),
        initial=initial_state(system, capacity),
        start=same_start,
        kernel=step,
        measure=measure,
        no_info=no_info,
        merge_info=merge_info,
        sizes={
            labels.TEXT: capacity,
            labels.FEATURE: system.num_features,
            labels.FEATURE_ALT: system.num_features,
        },
        record=labels.DEFAULT_RECORD + extra,
        available=_available(method),
        cost=cost_of(spec),
        work=work_of(spec),
    )


def _available(method: Method) -> tuple[str, ...]:
    """All but what tells of other methods; confusion is a matter of the state."""
    others = {*labels.OF_METHOD} - {*_OF_METHOD[method], labels.TEXT_CONFUSION}
    others |= {*labels.OF_MODELS}
    return tuple(name for name in labels.VARIABLES if name not in others)


def step(spec: Spec, params: Params, rng_key: Array, state: State) -> tuple[State, Info]:
    """One generation.

    Parameters
    ----------
    spec : Spec
    params : Params
    rng_key : Array
    state : State

    Returns
    -------
    state : State
    info : Info
    """
    key_corpus, key_text, key_image = (fold_in(rng_key, part) for part in range(3))
    info = no_info(spec)
    if spec.reading is not None:
        inject = _append_text if spec.reading == "new_text" else _mix_corpus
        state, injected, full = inject(spec, params, key_corpus, state)
        info = info._replace(text_injected=injected, capacity_reached=full)

    def text_update(update: Array, carry: tuple[State, Info]) -> tuple[State, Info]:
        return _text_update(spec, params, fold_in(key_text, update), *carry)

    def image_update(update: Array, carry: tuple[State, Info]) -> tuple[State, Info]:
        state, info = carry
        key = fold_in(key_image, update)
        state, count, kept = _image_update(spec, params, key, state)
        return state, info._replace(image_count=count, image_kept=info.image_kept | kept)

    state, info = _repeat(spec.text_updates, text_update, (state, info))
    state, info = _repeat(spec.image_updates, image_update, (state, info))
    return state, info


def _repeat(number: int, update: Callable[[Any, Any], Any], carry: Any) -> Any:
    """``number`` updates, compiled once however many they are."""
    if number <= 1:
        return update(0, carry) if number else carry
    return jax.lax.fori_loop(0, number, update, carry)


def _mix_corpus(
    spec: Spec, params: Params, rng_key: Array, state: State
) -> tuple[State, Array, Array]:
    """Reading "fixed_corpus": ``p <- (1 - fraction) p + fraction u``, with its probability."""
    key_event, key_corpus = split(rng_key)
    injected = uniform(key_event) < params.corpus_prob
    corpus = params.corpus_target
    if spec.fresh_corpus:
        alpha = jnp.where(corpus > 0, corpus * params.corpus_concentration, 1)
        gamma = jnp.where(corpus > 0, jax.random.loggamma(key_corpus, alpha), -jnp.inf)
        corpus = jax.nn.softmax(gamma)
    mixed = (1 - params.corpus_fraction) * state.text_probs + params.corpus_fraction * corpus
    probs = jnp.where(injected, mixed, state.text_probs)
    return state._replace(text_probs=probs), injected, jnp.asarray(False)


def _append_text(
    spec: Spec, params: Params, rng_key: Array, state: State
) -> tuple[State, Array, Array]:
    """Reading "new_text": a new text with mass ``fraction``; the others are scaled."""
    due = uniform(split(rng_key)[0]) < params.corpus_prob
    used = jnp.sum(state.text_active)
    room = used < spec.num_texts
    slot = (jnp.arange(spec.num_texts) == used) & due & room
    mean, factor = gaussians.mixture_average(state.text_probs, state.image_mean, state.image_factor)
    mean_given, cov_given = spec.new_text_given
    mean = params.new_text_mean if mean_given else mean
    factor = params.new_text_factor if cov_given else factor
    probs = jnp.where(slot, params.corpus_fraction, (1 - params.corpus_fraction) * state.text_probs)

    def fill(new: Array, old: Array) -> Array:
        return jnp.where(slot.reshape(-1, *[1] * (old.ndim - 1)), new, old)

    state = State(
        text_probs=jnp.where(due & room, probs, state.text_probs),
        text_active=state.text_active | slot,
        image_mean=fill(mean, state.image_mean),
        image_factor=jax.tree.map(fill, factor, state.image_factor),
        reference_mean=fill(mean, state.reference_mean),
        reference_factor=jax.tree.map(fill, factor, state.reference_factor),
    )
    return state, due & room, due & ~room


def _text_update(
    spec: Spec, params: Params, rng_key: Array, state: State, info: Info
) -> tuple[State, Info]:
    """Average posterior of ``batch_size`` images, sharpened by the temperature."""
    varying, before = spec.varying, state.text_probs
    sharpen_first = varying is not None and varying.sharpen_first
    if spec.sharpen and sharpen_first:
        before = jax.nn.softmax(jnp.log(before) * params.inverse_temperature)
    before_update = state._replace(text_probs=before)
    probs, info = _mean_posterior(spec, params, rng_key, before_update, info)
    if spec.sharpen and not sharpen_first:
        probs = jax.nn.softmax(jnp.log(probs) * params.inverse_temperature)
    # Rounding must not add up over many generations.
    return state._replace(text_probs=probs / jnp.sum(probs)), info


def _mean_posterior(
    spec: Spec, params: Params, rng_key: Array, state: State, info: Info
) -> tuple[Array, Info]:
    """Average posterior of a batch of images, by the method that was asked for."""
    varying, batch_size, dtype = spec.varying, spec.batch_size, jnp.dtype(spec.dtype)
    if varying is not None and varying.captions == "certain":
        count = posterior.caption_counts(rng_key, state.text_probs, params.batch_size)
        return count / params.batch_size, info
    if spec.method == "one_hot":
        count = posterior.caption_counts(rng_key, state.text_probs, batch_size)
        return count / batch_size, info
    given = (rng_key, state.text_probs, state.image_mean, state.image_factor)
    if spec.method == "literal":
        return posterior.literal_mean_posterior(*given, batch_size=batch_size, dtype=dtype), info
    if spec.method == "sparse":
        probs, left_out = posterior.sparse_mean_posterior(
            *given,
            state.reference_mean,
            batch_size=batch_size,
            neighbours=spec.neighbours,
            dtype=dtype,
        )
        return probs, info._replace(text_left_out=left_out)
    drawn = drawn_images(spec)
    number: Array | float | None = None if varying is None else params.batch_size
    if drawn < batch_size:
        number = float(batch_size)
    probs, one_hot = posterior.mean_posterior(*given, batch_size=drawn, dtype=dtype, number=number)
    return probs, info._replace(text_one_hot=one_hot)


def _image_update(
    spec: Spec, params: Params, rng_key: Array, state: State
) -> tuple[State, Array, Array]:
    """Captions, images, and each text's new mean and covariance, under the keep rule."""
    key_sample, key_fresh = split(rng_key)
    sample = _generated(spec, params, key_sample, state)
    real = _real_images(spec, params, key_fresh, sample.size)
    total = sample.size + real
    kept = (total < spec.min_images) & state.text_active
    updated = (total >= spec.min_images) & state.text_active
    denominator = jnp.maximum(total - spec.ddof, 1).astype(state.image_mean.dtype)
    factor_squared = params.shrinkage_factor / denominator
    if spec.user_images or (spec.varying is not None and spec.varying.real_images):
        fresh_mean, fresh_scatter = _user_content(spec, params, key_fresh, state, real)
        mean, scatter = gaussians.pooled(
            state.image_mean,
            state.image_factor,
            sample,
            fresh_mean,
            fresh_scatter,
            real if isinstance(real, int) else real[:, None],
        )
        cov = scatter * factor_squared[:, None, None]
        eye = jnp.eye(spec.num_features, dtype=cov.dtype)
        cov = jnp.where(updated[:, None, None], cov, eye)
        factor = measures.factorise(cov)
        # Given images are drawn with replacement: those drawn may all lie in a plane.
        singular = updated & gaussians.is_singular(cov, factor)
        kept, updated = kept | singular, updated & ~singular
    else:
        mean = state.image_mean + gaussians.apply(state.image_factor, sample.mean)
        eye = jnp.eye(spec.num_features, dtype=mean.dtype)
        root = sample.root * jnp.sqrt(factor_squared)[:, None, None]
        factor = gaussians.compose(state.image_factor, jnp.where(updated[:, None, None], root, eye))
    state = state._replace(
        image_mean=jnp.where(updated[:, None], mean, state.image_mean),
        image_factor=ScaledFactor(
            unit=jnp.where(updated[:, None, None], factor.unit, state.image_factor.unit),
            log_scale=jnp.where(updated[:, None], factor.log_scale, state.image_factor.log_scale),
        ),
    )
    return state, sample.size, kept


def _real_images(spec: Spec, params: Params, rng_key: Array, generated: Array) -> int | Array:
    """How many real images each text is given: a whole number, or one that is so on average."""
    if spec.varying is None:
        return spec.user_images
    wanted = params.real_number + params.real_odds * generated
    chance = jax.random.uniform(fold_in(rng_key, 1), wanted.shape)
    return jnp.floor(wanted + chance).astype(jnp.int64)


def _generated(spec: Spec, params: Params, rng_key: Array, state: State) -> gaussians.Sample:
    """The generated images' counts, means and scatters in the Gaussians' own units."""
    key_count, key_images = split(rng_key)
    dtype = state.image_mean.dtype
    if spec.method == "literal":
        own = posterior.captions(key_count, state.text_probs, spec.batch_size)
        shape = (spec.num_features, spec.batch_size)
        z = jax.random.normal(key_images, shape, jnp.dtype(spec.dtype)).astype(dtype)
        return gaussians.literal_sample(own, z, spec.num_texts)
    number = spec.batch_size if spec.varying is None else params.batch_size
    count = posterior.caption_counts(key_count, state.text_probs, number)
    return gaussians.exact_sample(key_images, count, spec.num_features, dtype)


def _user_content(
    spec: Spec, params: Params, rng_key: Array, state: State, real: int | Array
) -> tuple[Array, Array]:
    """Mean and scatter of the real images given back to each text."""
    size = spec.user_images
    if spec.user_images_given:
        keys = split(rng_key, spec.num_texts)
        available = params.user_available

        def drawn(key: Array, images: Array, number: Array) -> Array:
            return images[jax.random.randint(key, (size,), 0, number)]

        images = jax.vmap(drawn)(keys, params.user_images, available)
    else:
        dtype = state.image_mean.dtype
        if spec.method != "literal":
            count = jnp.broadcast_to(real, spec.num_texts)
            fresh = gaussians.exact_sample(rng_key, count, spec.num_features, dtype)
            nothing = jnp.zeros_like(state.reference_factor.unit)
            return gaussians.pooled(
                state.reference_mean, state.reference_factor, fresh, nothing[..., 0], nothing, 0
            )
        shape = (spec.num_texts, size, spec.num_features)
        z = jax.random.normal(rng_key, shape, dtype)
        of_image = ScaledFactor(*(part[:, None] for part in state.reference_factor))
        images = state.reference_mean[:, None] + gaussians.apply(of_image, z)
    # Seen from one of them, so that the scatter of one image drawn again and again is exactly 0.
    offset = images - images[:, :1]
    mean = jnp.mean(offset, axis=1)
    centred = offset - mean[:, None]
    return images[:, 0] + mean, jnp.einsum("kna,knb->kab", centred, centred)


def measure(
    spec: Spec, params: Params, names: tuple[str, ...], state: State, info: Info
) -> dict[str, Array]:
    """The named variables of a state; 0 or False in slots that hold no text."""
    threshold = 1 / (2 * (spec.batch_size if spec.varying is None else params.batch_size))
    mean, factor = state.image_mean, state.image_factor
    fidelity = partial(measures.image_fidelity, mean, state.reference_mean)
    compute: dict[str, Callable[[], Array]] = {
        labels.TEXT_PROBS: lambda: state.text_probs,
        labels.IMAGE_MEAN: lambda: mean,
        labels.IMAGE_COV: lambda: measures.covariance(factor),
        labels.TEXT_DIVERSITY: lambda: measures.text_diversity(state.text_probs),
        labels.TEXT_ENTROPY: lambda: measures.text_entropy(state.text_probs),
        labels.TEXT_EFFECTIVE_NUMBER: lambda: measures.text_effective_number(state.text_probs),
        labels.IMAGE_DIVERSITY: lambda: measures.image_diversity_of_factor(factor),
        labels.IMAGE_TOTAL_SD: lambda: measures.image_total_sd(factor),
        labels.IMAGE_TOTAL_VARIANCE: lambda: jnp.square(measures.image_total_sd(factor)),
        labels.IMAGE_VOLUME_SCALE: lambda: measures.image_volume_scale(factor),
        labels.IMAGE_DIRECTIONAL_SD: lambda: measures.image_directional_sd(factor),
        labels.IMAGE_FIDELITY: fidelity,
        labels.IMAGE_FIDELITY_SQUARED: lambda: jnp.square(fidelity()),
        labels.IMAGE_WASSERSTEIN: lambda: measures.image_wasserstein(
            mean,
            measures.covariance(factor),
            state.reference_mean,
            measures.covariance(state.reference_factor),
        ),
        labels.IMAGE_COUNT: lambda: info.image_count,
        labels.IMAGE_KEPT: lambda: info.image_kept,
        labels.TEXT_EXTINCT: lambda: state.text_probs < threshold,
        labels.TEXT_ACTIVE: lambda: state.text_active,
        labels.TEXT_ONE_HOT: lambda: info.text_one_hot,
        labels.TEXT_LEFT_OUT: lambda: info.text_left_out,
        labels.TEXT_CONFUSION: lambda: confusion_bound(state.text_probs, mean, factor),
        labels.TEXT_INJECTED: lambda: info.text_injected,
        labels.CAPACITY_REACHED: lambda: info.capacity_reached,
    }
    measured = {}
    for name in names:
        value = compute[name]()
        if labels.TEXT in labels.variable(name).dims:
            active = state.text_active.reshape(-1, *[1] * (value.ndim - 1))
            value = jnp.where(active, value, jnp.zeros_like(value))
        single = spec.dtype == "float32" and value.dtype == jnp.float64
        measured[name] = value.astype(jnp.float32) if single else value
    return measured
