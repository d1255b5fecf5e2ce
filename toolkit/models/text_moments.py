r"""Text probabilities of overlapping images: a likelihood of their two first moments (theory, T1).

A text update averages the posteriors of N images, so that whatever the images

    E q = p~,    Cov q = Cov_y(r)/N,    p~ = (1 - eps) p + eps u after an injection, else p,

exactly; then it is sharpened, ``p'_i = q_i^(1/tau) / sum``. The density of ``p'`` is that of
``q_i = p'_i^tau / sum`` times the Jacobian ``tau^(M-1) prod_c q_c / p'_c``. Given the first two
moments ``q`` is taken for Gaussian, which averages of many images are, on *cells*: the texts that
are common enough, and one pool of the rest. A text is common when its relative variance is at most
that of 5 counts, ``N_ref p_i^2 / Var_y r_i >= 5``; the rare ones, and of the others the rarest,
are pooled until the pool is as common. So lost texts, with an exact 0 too, are handled by the law
of their total; a cell that no image fell into (below a hundredth of a caption's mass) has the
Gaussian's density at zero and no part in the Jacobian, for it is an atom there. With fewer than two
cells a transition says nothing (log density 0). The pattern is fixed beforehand from the state
before.

Approximations: the Gaussian tails (worst with cells of about 5 counts, where a lucky handful of
captions looks like a small injection); how the mass is distributed inside the pool is not used.

**Covariance on the cells.** Write ``D = diag(p~_c)``, ``s_c = sqrt(p~_c)``, ``z = (q - p~)/s`` and
``S = D^(-1/2) Cov_y(r) D^(-1/2) + s s'``. As ``Cov_y(r)`` has the null vector 1,

    log f = -(M-1)/2 log(2 pi / N) - 1/2 sum_c log p~_c - 1/2 log det S - N/2 z' S^(-1) z,

with M cells. Where images are unknown ``S = I``, the multinomial's chi-square: N is then the
*variance effective* size, (number of images)/(1 - C) with C the posterior confusion, and that the
shape of the covariance is not the multinomial's is an approximation that gets worse as images
overlap more. Where they are known, ``S`` is integrated (:mod:`toolkit.models.text_shape`).
"""

from __future__ import annotations

from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
import numpy.typing as npt

from toolkit.measures import Array
from toolkit.models.text_cells import Cells, on_cells
from toolkit.models.text_shape import Shape, square_and_log_det

FloatArray = npt.NDArray[np.float64]

#: Below this share of a caption's mass a text is lost, however small its probability is.
_LOST = 0.01


class Moments(NamedTuple):
    """What the likelihood of moments needs; texts come first, as in ``text_counts``.

    Attributes
    ----------
    before, after, log_after : array, shape (text, replicate, transition)
        ``log_after`` is 0 where the probability is.
    cells : Cells
        Of the same shape.
    shape : Shape or None
        None where images are unknown.
    batch_size : array, shape ()
        Images per update where it was given, else the rough estimate that made the cells.
    """

    before: Array
    after: Array
    log_after: Array
    cells: Cells
    shape: Shape | None
    batch_size: Array


def moments(
    before: FloatArray,
    after: FloatArray,
    cells: Cells,
    shape: Shape | None,
    batch_size: float,
) -> Moments:
    """Arrays of the likelihood; see :class:`Moments`.

    Parameters
    ----------
    before, after : ndarray, shape (replicate, transition, text)
    cells : Cells
    shape : Shape, optional
    batch_size : float

    Examples
    --------
    >>> import numpy as np
    >>> from toolkit.models.text_cells import cells_of
    >>> p = np.array([[[0.5, 0.5]]])
    >>> moments(p, p, cells_of(p, p * (1 - p), 100.0), None, 100.0).after.shape
    (2, 1, 1)
    """
    before, after = np.moveaxis(before, -1, 0), np.moveaxis(after, -1, 0)
    log_after = np.log(np.where(after > 0, after, 1.0))
    return Moments(
        before=jnp.asarray(before),
        after=jnp.asarray(after),
        log_after=jnp.asarray(log_after),
        cells=Cells(*(jnp.asarray(np.moveaxis(array, -1, 0)) for array in cells)),
        shape=shape,
        batch_size=jnp.asarray(float(batch_size)),
    )


class Averaged(NamedTuple):
    """The cells' averages before they were sharpened, and the log Jacobian."""

    cells: Array
    log_jacobian: Array


def averaged(data: Moments, temperature: Array) -> Averaged:
    """Undo the sharpening.

    Parameters
    ----------
    data : Moments
    temperature : array, shape ()

    Examples
    --------
    >>> import numpy as np
    >>> from toolkit.models.text_cells import cells_of
    >>> p = np.array([[[0.8, 0.2]]])
    >>> data = moments(p, p, cells_of(p, p * (1 - p), 100.0), None, 100.0)
    >>> [round(float(mass), 4) for mass in averaged(data, 0.5).cells[:, 0, 0]]
    [0.6667, 0.3333]
    """
    weight = jnp.where(data.after > 0, jnp.exp(temperature * data.log_after), 0.0)
    mass = on_cells(data.cells, weight / jnp.sum(weight, axis=0, keepdims=True), axis=0)
    after = on_cells(data.cells, data.after, axis=0)
    # A lost text is an atom near zero: how near, and bent by what power, tells nothing.
    known = (after > _LOST / data.batch_size) & (mass > 0)
    ratio = jnp.where(known, mass, 1.0) / jnp.where(known, after, 1.0)
    jacobian = (jnp.sum(known, axis=0) - 1) * jnp.log(temperature)
    jacobian = jacobian + jnp.sum(jnp.log(ratio), axis=0)
    return Averaged(mass, jacobian)


def log_density(
    data: Moments, seen: Averaged, size: Array, probs: Array, fraction: Array | None
) -> Array:
    """Log density of each transition, shape (replicate, transition).

    Parameters
    ----------
    data : Moments
    seen : Averaged
    size : array, shape ()
        Effective batch size.
    probs : array, shape (text, replicate, transition)
        ``p~``, that the images were drawn from.
    fraction : array, shape (), optional
        That was injected; None for no injection.

    Examples
    --------
    >>> import numpy as np
    >>> from scipy import stats
    >>> from toolkit.models.text_cells import cells_of
    >>> p, q = np.array([[[0.6, 0.4]]]), np.array([[[0.7, 0.3]]])
    >>> data = moments(p, q, cells_of(p, p * (1 - p), 100.0), None, 100.0)
    >>> value = log_density(data, averaged(data, 1.0), 100.0, data.before, None)
    >>> bool(np.isclose(value[0, 0], stats.norm.logpdf(0.7, 0.6, np.sqrt(0.24 / 100))))
    True
    """
    active = data.cells.alone | data.cells.pool
    mean = jnp.where(active, on_cells(data.cells, probs, axis=0), 1.0)
    residual = jnp.where(active, seen.cells - mean, 0.0) / jnp.sqrt(mean)
    log_det = jnp.sum(jnp.log(mean), axis=0)
    if data.shape is None:
        square = jnp.sum(jnp.square(residual), axis=0)
    else:
        square, more = square_and_log_det(data.shape, residual, fraction)
        log_det = log_det + more
    count = jnp.sum(active, axis=0)
    value = 0.5 * (count - 1) * jnp.log(size / (2 * jnp.pi)) - 0.5 * size * square
    value = value - 0.5 * log_det + seen.log_jacobian
    return jnp.where(count >= 2, value, 0.0)
