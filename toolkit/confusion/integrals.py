"""Integrals of many states, taken in chunks that bound memory and share compiled programs."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable, Iterator
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import numpy.typing as npt

from toolkit.confusion.points import Rule
from toolkit.confusion.states import (
    LOG_ZERO,
    Array,
    FloatArray,
    IndexArray,
    Terms,
    by_pairs,
    num_terms,
    terms_of,
)

_FLOATS_PER_CHUNK = 500_000
_SMALL_CHUNK = 16
_STATES_PER_BLOCK, _FLOATS_PER_BLOCK = 4096, 16_000_000
_VERSIONS_PER_BLOCK, _FEW_VERSIONS = 256, 16


class Densities(NamedTuple):
    """What an integrand of some terms sees, at their points.

    Attributes
    ----------
    wider : Array, shape (terms, num_texts - 1, points)
        ``f_l = p_l q_l`` of the wider texts, up to a common factor at each point.
    narrow : Array, shape (terms, points)
        ``f_m``, likewise.
    partners : Array, shape (terms, num_partners, points)
        ``f_k`` of the partners of ``m``, the first of the wider texts.
    weight : Array, shape (terms, points)
        The points' weights times the factor that was taken out.
    """

    wider: Array
    narrow: Array
    partners: Array
    weight: Array


#: From densities to an array of sums over points, shape (terms, ...).
Integrand = Callable[[Densities], Array]
#: From p_m, p_k and the Bhattacharyya coefficient of pairs to those that must not be left out.
Matters = Callable[[FloatArray, FloatArray, FloatArray], npt.NDArray[np.bool_]]


class Part(NamedTuple):
    """Some of the integrals.

    Attributes
    ----------
    state : ndarray, shape (terms,)
    versions : slice
    text : ndarray, shape (terms, num_texts)
        The texts in the order in which the integrand saw them, ``m`` the last.
    sums : ndarray, shape (terms, versions, estimates, ...)
        The integrand's value for each version and each estimate of the rule.
    """

    state: IndexArray
    versions: slice
    text: IndexArray
    sums: FloatArray


def check_shapes(probs: FloatArray, mean: FloatArray, cov: FloatArray) -> None:
    """Raise ``ValueError`` unless the arrays are states of one shape."""
    if mean.ndim != 3 or probs.shape != mean.shape[:2] or cov.shape != (*mean.shape, mean.shape[2]):
        raise ValueError(
            f"expected shapes (states, texts), (states, texts, features) and (states, texts, "
            f"features, features), not {probs.shape}, {mean.shape} and {cov.shape}."
        )


def integrals(
    integrand: Integrand,
    matters: Matters,
    probs: FloatArray,
    mean: FloatArray,
    cov: FloatArray,
    rule: Rule,
) -> Iterator[Part]:
    """All integrals that matter, of states with any number of versions of their probabilities.

    Parameters
    ----------
    integrand, matters : callable
        Functions of a module, not closures: the program is compiled once for each.
    probs : ndarray, shape (num_states, num_versions, num_texts)
    mean : ndarray, shape (num_states, num_texts, num_features)
    cov : ndarray, shape (num_states, num_texts, num_features, num_features)
    rule : Rule
    """
    num_states, num_versions, num_texts = probs.shape
    chunk = max(_SMALL_CHUNK, _FLOATS_PER_CHUNK // (num_texts * len(rule.log_weight)))
    block = max(8, min(_STATES_PER_BLOCK, _FLOATS_PER_BLOCK // _floats_of_terms(mean)))
    for start in range(0, num_states, block):
        # A power of two where it can be, so that calls of like size share a compiled program.
        size = min(block, max(8, 2 ** int(np.ceil(np.log2(num_states)))))
        here = np.arange(start, min(start + size, num_states))
        padded = np.pad(here, (0, size - len(here)), mode="edge")
        terms = terms_of(mean[padded], cov[padded])
        terms = Terms(*(part[: len(here)] for part in terms))
        for versions in _blocks(num_versions):
            some = probs[here, versions]
            found = np.argwhere(_needed(matters, some, terms))
            for part in _chunks(found, chunk):
                text, sums = _values(integrand, part, some, terms, rule)
                real = part.real
                yield Part(part.state[:real] + start, versions, text[:real], sums[:real])


def _floats_of_terms(mean: FloatArray) -> int:
    _, num_texts, num_features = mean.shape
    return num_terms(num_texts) * num_texts * (num_features + 1) * (num_features + 2) // 2


def _blocks(num_versions: int) -> Iterator[slice]:
    step = num_versions if num_versions <= _FEW_VERSIONS else _VERSIONS_PER_BLOCK
    for first in range(0, num_versions, step):
        yield slice(first, min(first + step, num_versions))


def _needed(matters: Matters, probs: FloatArray, terms: Terms) -> npt.NDArray[np.bool_]:
    """Which terms of which states matter to one of the versions at least."""
    overlap = np.exp(terms.log_overlap)
    result = np.zeros(overlap.shape[:2], dtype=bool)
    for version in range(probs.shape[1]):
        of_slot = np.take_along_axis(probs[:, version, None, :], terms.text, axis=2)
        result |= np.any(matters(of_slot[..., -1:], of_slot, overlap), axis=2)
    return result


class _Chunk(NamedTuple):
    """States and terms of a chunk, the last ones repeated where there are too few."""

    state: IndexArray
    term: IndexArray
    real: int


def _chunks(found: IndexArray, chunk: int) -> Iterator[_Chunk]:
    """Pairs of state and term in chunks of one of two sizes."""
    begin = 0
    while begin < len(found):
        size = chunk if len(found) - begin > _SMALL_CHUNK else _SMALL_CHUNK
        part = found[begin : begin + size]
        filled = np.pad(part, ((0, size - len(part)), (0, 0)), mode="edge")
        yield _Chunk(filled[:, 0], filled[:, 1], len(part))
        begin += size


def _values(
    integrand: Integrand, part: _Chunk, probs: FloatArray, terms: Terms, rule: Rule
) -> tuple[IndexArray, FloatArray]:
    """Texts and sums of a chunk of terms."""
    text = terms.text[part.state, part.term]
    versions = np.arange(probs.shape[1])
    if len(versions) > _FEW_VERSIONS:
        versions = np.pad(versions, (0, _VERSIONS_PER_BLOCK - len(versions)), mode="edge")
    of_slot = probs[part.state[:, None, None], versions[:, None], text[:, None, :]]
    sums = _sums(
        terms.coefficients[part.state, part.term],
        np.moveaxis(of_slot, 1, 0),
        rule.features,
        rule.log_weight,
        rule.first,
        integrand,
    )
    return text, np.moveaxis(np.asarray(sums)[: probs.shape[1]], 0, 1)


@functools.partial(jax.jit, static_argnames=("first", "integrand"))
def _sums(
    coefficients: Array,
    probs: Array,
    features: Array,
    log_weight: Array,
    first: tuple[int, ...],
    integrand: Integrand,
) -> Array:
    """Each version's and each estimate's integrals, shape (versions, terms, estimates, ...)."""
    log_q = jnp.clip(jnp.nan_to_num(coefficients @ features, nan=LOG_ZERO), LOG_ZERO, None)
    largest = jnp.max(log_q, axis=1)
    q = jnp.exp(log_q - largest[:, None])
    weight = jnp.exp(largest + log_weight)

    def of_version(p: Array) -> Array:
        f = p[:, :, None] * q
        wider = f[:, :-1]
        partners = wider[:, :1] if by_pairs(p.shape[1]) else wider
        densities = Densities(wider, f[:, -1], partners, weight)
        parts = [
            integrand(Densities(*(array[..., a:b] for array in densities)))
            for a, b in itertools.pairwise(first)
        ]
        return jnp.stack(parts, axis=1)

    return jax.lax.map(of_version, probs)
