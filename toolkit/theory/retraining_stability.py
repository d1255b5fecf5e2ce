"""Stability of retraining: the paper's condition beside what decides, the spectral radius (R3).

At the best parameters ``A`` is the mean negative Hessian of the log likelihood on real data,
``B`` the Fisher information of the model. The Jacobian of a full refit is
``(A + lambda B)^{-1} lambda B``; its eigenvalues follow from those of ``A^{-1/2} B A^{-1/2}`` by
the theorem ``retraining_jacobian_eigenvalue``. The Jacobian of the map that is really iterated
(its temperature, selection, unconverged fits) comes from :mod:`toolkit.theory.retraining_map`.
"""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import numpy.typing as npt
import xarray as xr

from toolkit import labels
from toolkit.machine import jit
from toolkit.systems import RetrainingSystem
from toolkit.systems.families import Law, Points
from toolkit.theory.numbers import number
from toolkit.theory.retraining_map import NoFixedPointError, RetrainingMap, map_of

FloatArray = npt.NDArray[np.float64]

#: Points on which distribution functions in one dimension are compared.
_GRID = 20_001


def stability(system: RetrainingSystem, *, order: int | None = None) -> xr.Dataset:
    """Everything that bears on the stability of one retraining with endless data.

    Parameters
    ----------
    system : RetrainingSystem
        Under replace, mix, fresh or curated, of a family with a fixed number of parameters.
    order : int, optional
        Quadrature nodes in each direction.

    Returns
    -------
    Dataset
        Matrices over ``component`` and ``component_alt`` (parameters by name): ``jacobian`` of
        the map at its fixed point, ``real_curvature``, ``fisher_information``; their eigenvalues,
        ``spectral_radius``, ``operator_norm``; ``refit_radius`` and ``refit_norm`` of the theory's
        Jacobian at the best parameters, and the paper's condition with its parts. What cannot be
        computed is left out, with the reason in the attribute ``omitted``.

    Raises
    ------
    ValueError
        When the system has no one map (see :func:`map_of`).

    Examples
    --------
    >>> import toolkit as tk
    >>> system = tk.RetrainingSystem(family=tk.Gaussian(mean=[0.0], cov=[[1.0]]),
    ...                              policy=tk.Mix(), num_real=100, num_generated=300)
    >>> found = stability(system)
    >>> round(float(found.spectral_radius), 9), float(found.paper_condition)
    (0.75, 3.0)
    """
    retraining = map_of(system, order=order)
    omitted: list[str] = []
    values: dict[str, Any] = {}
    if system.num_models == 1:
        values |= _of_optimum(retraining, omitted)
    else:
        omitted.append("A and B are those of one model; a network has several.")
    try:
        values |= _of_map(retraining)
    except NoFixedPointError as error:
        omitted.append(str(error))
    names = [
        f"{name}{f' of model {model}' if system.num_models > 1 else ''}"
        for model in range(system.num_models)
        for name in system.family.law.names()
    ]
    data = {name: (labels.STABILITY[name].dims, value) for name, value in values.items()}
    dataset = xr.Dataset(
        {name: (dims, value, labels.STABILITY[name].attrs) for name, (dims, value) in data.items()},
        attrs={labels.SYSTEM: system.to_json(), "omitted": " ".join(omitted)},
    )
    axes = {dim: names for dim in (labels.COMPONENT, labels.COMPONENT_ALT) if dim in dataset.dims}
    return dataset.assign_coords(axes)


def _of_map(retraining: RetrainingMap) -> dict[str, Any]:
    """Of the map that is iterated, at its own fixed point."""
    point = retraining.fixed_point()
    jacobian = retraining.jacobian(point)
    return {
        labels.FIXED_POINT_PARAMETERS: point,
        labels.JACOBIAN: jacobian,
        labels.SPECTRAL_RADIUS: np.max(np.abs(np.linalg.eigvals(jacobian))),
        labels.OPERATOR_NORM: np.linalg.norm(jacobian, 2),
    }


def _of_optimum(retraining: RetrainingMap, omitted: list[str]) -> dict[str, Any]:
    """Of the best parameters: the theory's Jacobian and the paper's condition."""
    law = retraining.system.family.law
    best = retraining.optimum
    own = law.quadrature(law.of_vector(jnp.asarray(best)), retraining.order)
    curvature = real_curvature(law, best, retraining.nodes)
    information = fisher_information(law, best, own)
    smallest = float(np.min(np.linalg.eigvalsh(curvature)))
    found: dict[str, Any] = {
        labels.REAL_CURVATURE: curvature,
        labels.FISHER_INFORMATION: information,
        labels.SMALLEST_CURVATURE: smallest,
    }
    if smallest <= 1e-9 * np.max(np.abs(curvature)):
        omitted.append("the optimum is degenerate: A is singular, and no condition applies.")
        return found
    root = np.linalg.inv(np.linalg.cholesky(curvature))
    misfit = np.linalg.eigvalsh(root @ information @ root.T)
    found[labels.MISFIT_EIGENVALUE] = misfit
    share = float(retraining.shares[0])
    if share == 1:
        omitted.append("without real data lambda is infinite: every eigenvalue of a refit is 1.")
        return found
    ratio = share / (1 - share)
    refit = np.linalg.solve(curvature + ratio * information, ratio * information)
    eigenvalues = number(
        "retraining_jacobian_eigenvalue",
        misfit_eigenvalue=np.maximum(misfit, 0),
        synthetic_ratio=ratio,
    )
    found |= {
        labels.REFIT_RADIUS: np.max(eigenvalues),
        labels.REFIT_NORM: np.linalg.norm(refit, 2),
    }
    return found | _paper(retraining, best, smallest, ratio, omitted)


def _paper(
    retraining: RetrainingMap, best: FloatArray, smallest: float, ratio: float, omitted: list[str]
) -> dict[str, Any]:
    """``lambda (1 + eps L / alpha)``, where its parts are known."""
    system, law = retraining.system, retraining.system.family.law
    lipschitz = hessian_lipschitz(law, best, retraining.nodes)
    found: dict[str, Any] = {labels.HESSIAN_LIPSCHITZ: lipschitz}
    distance = wasserstein_misfit(system, best)
    if distance is None:
        omitted.append("the Wasserstein distance of a misfit is computed in one dimension alone.")
        return found
    threshold = number(
        "retraining_threshold",
        wasserstein_misfit=distance,
        hessian_lipschitz=lipschitz,
        smallest_curvature=smallest,
    )
    return found | {
        labels.WASSERSTEIN_MISFIT: distance,
        labels.PAPER_RATIO: threshold,
        labels.PAPER_CONDITION: ratio / (2 * threshold),
    }


def real_curvature(law: Law, best: npt.ArrayLike, nodes: Points) -> FloatArray:
    """``A``: the mean negative Hessian of the log likelihood over nodes, by differentiation."""
    return -np.asarray(_mean_hessian(law, jnp.asarray(best), nodes))


def fisher_information(law: Law, best: npt.ArrayLike, nodes: Points) -> FloatArray:
    """``B``: the mean outer product of scores over nodes of the model's own law."""
    scores = np.asarray(_scores(law, jnp.asarray(best), nodes))
    return np.asarray((scores * np.asarray(nodes.weight)[:, None]).T @ scores)


def hessian_lipschitz(law: Law, best: npt.ArrayLike, nodes: Points) -> float:
    """The largest derivative in x of the Hessian over nodes, in Frobenius' norm.

    A Lipschitz constant where the data lie, from above; over all x there need be none (that of a
    Gaussian's variance grows with x).
    """
    slopes = np.asarray(_hessian_slopes(law, jnp.asarray(best), nodes))
    seen = np.asarray(nodes.weight) > 0
    largest = np.sqrt(np.sum(np.square(slopes), axis=(1, 2, 3)))[seen]
    return float(np.max(largest))


@jit(static_argnums=0)
def _mean_hessian(law: Law, best: jax.Array, nodes: Points) -> jax.Array:
    def mean_log_prob(vector: jax.Array) -> jax.Array:
        return nodes.weight @ law.log_prob(law.of_vector(vector), nodes.values)

    return jax.hessian(mean_log_prob)(best)


@jit(static_argnums=0)
def _scores(law: Law, best: jax.Array, nodes: Points) -> jax.Array:
    return jax.jacfwd(lambda vector: law.log_prob(law.of_vector(vector), nodes.values))(best)


@jit(static_argnums=0)
def _hessian_slopes(law: Law, best: jax.Array, nodes: Points) -> jax.Array:
    def hessian(x: jax.Array) -> jax.Array:
        def of_one(vector: jax.Array) -> jax.Array:
            return law.log_prob(law.of_vector(vector), x[None])[0]

        return jax.hessian(of_one)(best)

    return jax.lax.map(jax.jacfwd(hessian), nodes.values, batch_size=256)


def wasserstein_misfit(system: RetrainingSystem, best: npt.ArrayLike) -> float | None:
    """1-Wasserstein distance between the best model and the real law; None where it is not known.

    0 where the family is right; in one dimension the area between the distribution functions.
    """
    law, truth = system.family.law, system.truth
    # Mixtures of more components than the model has are of another family, whatever their type.
    if type(truth) is type(system.family) and truth.law.names() == law.names():
        return 0.0
    if law.width != 1:
        return None
    params = law.of_vector(jnp.asarray(best))
    reach = np.concatenate(
        [
            np.asarray(one.quadrature(p, 64).values)[:, 0]
            for one, p in ((law, params), (truth.law, truth.parameters))
        ]
    )
    grid = np.linspace(reach.min(), reach.max(), _GRID)
    step = grid[1] - grid[0]
    # Where a law has no density its logarithm is NaN or -inf.
    below = [
        np.cumsum(np.nan_to_num(np.exp(np.asarray(one.log_prob(p, jnp.asarray(grid)[:, None])))))
        * step
        for one, p in ((law, params), (truth.law, truth.parameters))
    ]
    return float(np.sum(np.abs(below[0] - below[1])) * step)
