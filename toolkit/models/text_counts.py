r"""Text probabilities that are counts: the likelihood of one-hot posteriors (theory, T2).

When captions are certain, a generation's probabilities are ``n / B`` with whole numbers ``n``.
Given the probabilities before, ``p``, after an injection ``(1 - eps) p + eps u``, captions are
drawn with the probabilities ``m``, those to the power ``1 / tau`` and renormalised, and ``n``
follows the double multinomial of :mod:`toolkit.models.double_multinomial` with ``phi = N / B``. A
text with ``m = 0`` has the count 0, with certainty; any other is impossible (likelihood 0).

Images that overlap a little make ``p B`` miss whole numbers slightly. The counts are then the
nearest ones, while ``p`` is taken as it is: it is what the images were drawn from.
"""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import numpy.typing as npt
from scipy import special

from toolkit.measures import Array
from toolkit.models.double_multinomial import log_weight

FloatArray = npt.NDArray[np.float64]

#: Counts may miss whole numbers by so much.
TOLERANCE = 0.2
LARGEST_BATCH = 1_000_000
#: A batch size is not believed when fluctuations are those of so many times more or fewer.
FAR = 6.0
#: Expected number of wrong batch sizes that would fit as well by chance.
_CHANCE = 1e-6
_FIRST_LOOK = 8
_ROUNDING = 1e-9


def find_batch_size(after: npt.ArrayLike, about: float) -> int | None:
    """The smallest batch size that makes every probability a whole number of captions.

    Parameters
    ----------
    after : array_like, shape (..., num_texts)
    about : float
        Candidates are within a factor 6 of it. (Probabilities that hardly move are near whole
        numbers of far fewer captions: those near 1/5 are counts of 5, on that evidence.)

    Returns
    -------
    int or None
        None when there is none, or when the fit could be a coincidence: numbers that
        are free to be anything are all within r of whole ones with probability (2 r)^entries.

    Examples
    --------
    >>> find_batch_size([[0.25, 0.75], [0.375, 0.625], [0.5, 0.5], [0.125, 0.875]], 12.0)
    8
    >>> print(find_batch_size([[2**-0.5, 1 - 2**-0.5], [3**-0.5, 1 - 3**-0.5]], 100))
    None
    """
    values = np.asarray(after, float)
    entries = np.unique(np.round(values[(values > 0) & (values < 1)], 12))
    if not len(entries):
        return None
    # Entries in the middle rule out most candidates.
    order = np.argsort(-np.minimum(entries, 1 - entries))
    look = entries[order[np.linspace(0, len(order) - 1, _FIRST_LOOK).astype(int)]]
    least, most = max(2.0, np.ceil(about / FAR)), min(about * FAR, LARGEST_BATCH)
    candidates = np.arange(least, most + 1)
    for entry in look:
        candidates = candidates[_miss(candidates, entry) <= TOLERANCE]
    fitting = [
        candidate
        for candidate in candidates
        if _fits_beyond_chance(entries, values.shape[-1], candidate, candidate)
    ]
    if not fitting:
        return None
    # Neighbours of a large one fit nearly as well, multiples of an exact one just as well.
    worst = np.array([np.sqrt(np.mean(_miss(size, entries) ** 2)) for size in fitting])
    return int(fitting[int(np.argmax(worst <= 1.02 * worst.min() + 1e-6))])


def fits(after: npt.ArrayLike, batch_size: int) -> bool:
    """Whether the probabilities are whole numbers of ``batch_size`` captions, within .2.

    Parameters
    ----------
    after : array_like, shape (..., num_texts)
    batch_size : int

    Examples
    --------
    >>> fits([[0.25, 0.75]], 8), fits([[0.3, 0.7]], 8)
    (True, False)
    """
    return bool((_miss(batch_size, np.asarray(after, float)) <= TOLERANCE).all())


def fits_beyond_chance(after: npt.ArrayLike, batch_size: int) -> bool:
    """The same, and so well that it is no coincidence.

    Parameters
    ----------
    after : array_like, shape (..., num_texts)
    batch_size : int

    Examples
    --------
    >>> fits_beyond_chance([[0.25, 0.75], [0.125, 0.875]], 8)
    True
    """
    values = np.asarray(after, float)
    entries = np.unique(np.round(values[(values > 0) & (values < 1)], 12))
    return _fits_beyond_chance(entries, values.shape[-1], float(batch_size), 1.0)


def _fits_beyond_chance(
    entries: FloatArray, num_texts: int, batch_size: float, candidates: float
) -> bool:
    miss = _miss(batch_size, entries)
    if len(miss) and miss.max() > TOLERANCE:
        return False
    nearest = np.rint(batch_size * entries)
    telling = np.sum((nearest >= 1) & (nearest <= batch_size - 1)) * (num_texts - 1) / num_texts
    worst = max(float(miss.max()) if len(miss) else 0.0, _ROUNDING)
    return bool(np.log(candidates) + telling * np.log(2 * worst) < np.log(_CHANCE))


def _miss(batch_size: FloatArray | float, probs: FloatArray | float) -> FloatArray:
    scaled = batch_size * np.asarray(probs)
    return np.abs(scaled - np.rint(scaled))


class Counts(NamedTuple):
    """What the likelihood of counts needs.

    Texts come first: sums over them are then sums of long rows, several times faster.

    Attributes
    ----------
    captions, before, log_before : array, shape (text, replicate, transition)
        ``log_before`` is 0 where the probability is.
    own : array, shape (replicate, transition)
        Log pmf of the counts at their own frequencies.
    entropy : array, shape (replicate, transition)
        ``sum n log(n / B)``.
    batch_size : array, shape ()
    """

    captions: Array
    before: Array
    log_before: Array
    own: Array
    entropy: Array
    batch_size: Array


def counts(before: FloatArray, after: FloatArray, batch_size: int) -> Counts:
    """Sufficient statistics of the transitions.

    Parameters
    ----------
    before, after : ndarray, shape (replicate, transition, text)
    batch_size : int

    Raises
    ------
    ValueError
        When the counts do not add up to the batch size.

    Examples
    --------
    >>> import numpy as np
    >>> stats = counts(np.array([[[0.5, 0.5]]]), np.array([[[0.25, 0.75]]]), 4)
    >>> round(float(np.exp(stats.own[0, 0])), 4), stats.captions.tolist()
    (0.4219, [[[1.0]], [[3.0]]])
    """
    count = np.rint(after * batch_size)
    wrong = count.sum(axis=-1) != batch_size
    if wrong.any() or not fits(after, batch_size):
        raise ValueError(
            f"text_probs times batch_size={batch_size} are not whole numbers with that sum; give "
            "the batch size that the captions were counted in, or likelihood='moments'."
        )
    entropy = special.xlogy(count, count / batch_size).sum(axis=-1)
    own = special.gammaln(batch_size + 1) - special.gammaln(count + 1).sum(axis=-1) + entropy
    log_before = np.log(np.where(before > 0, before, 1.0))
    count, before, log_before = (np.moveaxis(a, -1, 0) for a in (count, before, log_before))
    arrays = (count, before, log_before, own, entropy, np.asarray(float(batch_size)))
    return Counts(*(jnp.asarray(array) for array in arrays))


def log_density(data: Counts, log_phi: Array, log_mean: Array, live: Array) -> Array:
    """Log density of each transition's counts under several means, (means, replicate, transition).

    Parameters
    ----------
    data : Counts
    log_phi : array, shape ()
        ``log(effective_batch_size / batch_size)``.
    log_mean : array, shape (text, means, replicate, transition)
        Log of the captions' probabilities; finite also where not ``live``.
    live : array of bool, same shape
        Where the probability is above zero.

    Examples
    --------
    At ``phi = 1`` it is the multinomial:

    >>> import numpy as np
    >>> stats = counts(np.array([[[0.5, 0.5]]]), np.array([[[0.25, 0.75]]]), 4)
    >>> mean = stats.log_before[:, None]
    >>> log_p = log_density(stats, np.log(1.0), mean, np.full(mean.shape, True))
    >>> round(float(np.exp(log_p[0, 0, 0])), 9)
    0.25
    """
    log_size = jnp.log(data.batch_size)
    captions, phi = data.captions[:, None], jnp.exp(log_phi)
    certain = jnp.where(captions > 0, -jnp.inf, 0.0)
    term = phi * captions * log_mean - log_weight(log_phi, log_size + log_mean, data.batch_size)
    value = jnp.sum(jnp.where(live, term, certain), axis=0)
    return value + data.own - phi * data.entropy + log_weight(log_phi, log_size, data.batch_size)


class Causes(NamedTuple):
    """One value of each parameter that the density of counts depends on."""

    log_phi: Array
    temperature: Array
    fraction: Array


def log_densities(data: Counts, causes: Causes, target: Array) -> tuple[Array, Array]:
    """Log densities without and with an injection, each of shape (replicate, transition).

    Parameters
    ----------
    data : Counts
    causes : Causes
    target : array, shape (text,)

    Examples
    --------
    >>> import numpy as np
    >>> stats = counts(np.array([[[0.5, 0.5]]]), np.array([[[0.25, 0.75]]]), 4)
    >>> without, injected = log_densities(stats, Causes(0.0, 1.0, 0.2), np.array([0.0, 1.0]))
    >>> [round(float(np.exp(value[0, 0])), 4) for value in (without, injected)]
    [0.25, 0.3456]
    """
    corpus = jnp.asarray(target)[:, None, None]
    mass = (1 - causes.fraction) * data.before + causes.fraction * corpus
    # Both at once, along a second axis: half as much to compile.
    live = jnp.stack([data.before > 0, mass > 0], axis=1)
    log_mass = jnp.stack([data.log_before, jnp.log(jnp.where(mass > 0, mass, 1.0))], axis=1)
    # The barrier keeps the compiler from computing it again wherever it is used.
    mean = jax.lax.optimization_barrier(sharpened(log_mass, live, causes.temperature, axis=0))
    both = log_density(data, causes.log_phi, mean, live)
    return both[0], both[1]


def sharpened(log_probs: Array, live: Array, temperature: Array, axis: int = -1) -> Array:
    """Log of ``p^(1/temperature)`` renormalised over the live texts; finite everywhere.

    Parameters
    ----------
    log_probs : array
        Finite; whatever where not ``live``.
    live : array of bool
    temperature : array, shape ()
    axis : int
        Of texts.

    Examples
    --------
    >>> import numpy as np
    >>> np.exp(sharpened(np.log([0.2, 0.8]), np.array([True, True]), 0.5)).round(4).tolist()
    [0.0588, 0.9412]
    """
    scaled = log_probs / temperature
    total = jnp.sum(jnp.where(live, jnp.exp(scaled), 0.0), axis=axis, keepdims=True)
    return scaled - jnp.log(total)


def tempered(probs: Array, temperature: Array) -> Array:
    """``p^(1/temperature)`` renormalised; zeros stay.

    Parameters
    ----------
    probs : array
    temperature : array, shape ()

    Examples
    --------
    >>> import numpy as np
    >>> tempered(np.array([0.0, 0.2, 0.8]), 1.0).round(4).tolist()
    [0.0, 0.2, 0.8]
    """
    live = probs > 0
    log_probs = jnp.log(jnp.where(live, probs, 1.0))
    return jnp.where(live, jnp.exp(sharpened(log_probs, live, temperature)), 0.0)
