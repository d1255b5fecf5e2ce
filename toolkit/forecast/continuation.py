"""``continue_loop``: the future of a fitted loop, drawn from the posterior and from chance.

Each draw of the posterior, thinned evenly over the chains, continues each replicate from its last
observed state. A path's random numbers come from the seed, its draw and its replicate alone:
the same seed gives the same numbers whatever is overridden, so that the difference of two
continuations is that of their causes and not of chance.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, Literal, NamedTuple, get_args

import jax
import numpy as np
import numpy.typing as npt
import xarray as xr

from toolkit import labels
from toolkit.forecast.source import Paths, Source
from toolkit.systems.validation import integer

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.intp]
Start = Literal["last", "first"]

_DRAWS = 400
#: Numbers that a result may hold; more replicates or generations take fewer draws.
_NUMBERS = 2**25
_FEWEST_DRAWS = 50


class Continuation(NamedTuple):
    """What became of each replicate under each draw.

    Attributes
    ----------
    values : dict of array, shape (draw, replicate, generation, ...)
        By variable; the further axes are those of ``dims``.
    current : dict of array, shape (draw, replicate, ...)
        Where each path starts.
    generation : array, shape (generation,)
        Its numbers, which go on from those observed.
    chain, draw : array, shape (draw,)
        Which draws of the posterior these are.
    replicate : array, shape (replicate,)
        The coordinate; with ``in_turn`` that of each draw's replicate, shape (draw,).
    dims : dict of tuple
        Names of the further axes of each variable.
    coords : dict of array
        Of the further axes.
    """

    values: dict[str, FloatArray]
    current: dict[str, FloatArray]
    generation: npt.NDArray[Any]
    chain: npt.NDArray[Any]
    draw: npt.NDArray[Any]
    replicate: npt.NDArray[Any]
    dims: dict[str, tuple[str, ...]]
    coords: dict[str, npt.NDArray[Any]]


def continue_loop(
    fit: xr.DataTree,
    *,
    generations: int,
    variables: str | Sequence[str],
    seed: int | None = None,
    overrides: Mapping[str, Any] | None = None,
    num_draws: int | None = None,
    start: Start = "last",
    in_turn: bool = False,
) -> Continuation:
    """Continue a fitted loop under each draw of its posterior.

    Parameters
    ----------
    fit : xr.DataTree
        From ``fit`` or ``read_fit``.
    generations : int
        After the last one observed.
    variables : str or sequence of str
        Any of :func:`forecast_variables`.
    seed : int, optional
        That of the fit unless given.
    overrides : mapping, optional
        Parameters (:func:`override_names`) that are set to a number, or to an array with one for
        each draw, instead of what was fitted. ``effective_batch_size=1e12`` takes the drift away,
        ``text_temperature=1`` the sharpening, ``injection_prob=0`` the injections,
        ``shrinkage_factor=1`` and ``real_share=0`` (or ``num_user_images``) act on images.
    num_draws : int, optional
        About so many draws, evenly spaced; 400 unless given, fewer where the result would be
        large.
    start : {"last", "first"}
        From each replicate's last observed state, or anew from its first one. Anew, a replicate's
        own batch size is drawn from the population that the fit found.
    in_turn : bool
        Each draw continues one replicate, in turn, instead of all: the draws are then
        independent. The axis ``replicate`` has length 1.

    Returns
    -------
    Continuation

    Raises
    ------
    ValueError
        When a variable or parameter is none of this model's, or a number is wrong.

    Examples
    --------
    >>> import numpy as np, toolkit as tk
    >>> score = 0.2 + 0.6 * 0.9 ** np.arange(30) + 0.01 * np.random.default_rng(1).normal(size=30)
    >>> found = tk.fit(tk.read_trajectory(score=score[None]), model="diversity_decay", seed=1)
    >>> ahead = continue_loop(found, generations=5, variables="score", num_draws=8)
    >>> ahead.values["score"].shape, ahead.generation.tolist()
    ((8, 1, 5), [30, 31, 32, 33, 34])
    """
    source = source_of(fit)
    generations = integer(generations, "generations", 1)
    names = (variables,) if isinstance(variables, str) else tuple(dict.fromkeys(variables))
    for name in names:
        check_variable(source, name)
    if num_draws is None:
        size = (generations + 1) * sum(source.size(name) for name in names)
        most = _NUMBERS // (size * (1 if in_turn else len(source.replicate)))
        num_draws = int(np.clip(most, _FEWEST_DRAWS, _DRAWS))
    chosen = choose_paths(
        fit, source, seed=seed, overrides=overrides, num_draws=num_draws, start=start,
        in_turn=in_turn,
    )  # fmt: skip
    made = source.run(chosen.paths, generations, names)
    draws = len(chosen.draw)
    split = {name: array.reshape(draws, -1, *array.shape[1:]) for name, array in made.items()}
    last = source.generation[0 if start == "first" else -1]
    return Continuation(
        values={name: array[:, :, 1:] for name, array in split.items()},
        current={name: array[:, :, 0] for name, array in split.items()},
        generation=last + 1 + np.arange(generations),
        chain=chosen.chain,
        draw=chosen.draw,
        replicate=source.replicate[chosen.paths.replicate] if in_turn else source.replicate,
        dims={name: source.variables[name] for name in split},
        coords=source.coords,
    )


class Chosen(NamedTuple):
    """Paths, and which draws of the posterior they are of."""

    paths: Paths
    chain: IntArray
    draw: IntArray


def choose_paths(
    fit: xr.DataTree,
    source: Source,
    *,
    num_draws: int,
    seed: int | None = None,
    overrides: Mapping[str, Any] | None = None,
    start: Start = "last",
    in_turn: bool = False,
) -> Chosen:
    """The paths that :func:`continue_loop` draws, by its arguments."""
    if start not in get_args(Start):
        raise ValueError(f"start must be one of {get_args(Start)}, not {start!r}.")
    seed = own_seed(fit) if seed is None else integer(seed, "seed", 0)
    chain, draw, values = _thinned(fit, integer(num_draws, "num_draws", 1))
    overrides = overrides or {}
    values |= _checked_overrides(source, overrides, len(draw))
    of_draw, of_replicate = _pairs(len(draw), len(source.replicate), in_turn)
    whole = fit["posterior"].sizes[labels.DRAW]
    keys = _keys(seed, chain[of_draw] * whole + draw[of_draw], of_replicate)
    paths = Paths(values, of_draw, of_replicate, keys, start == "first", tuple(overrides))
    return Chosen(paths, chain, draw)


def source_of(fit: xr.DataTree) -> Source:
    """What a fit says of the future, by its model.

    Parameters
    ----------
    fit : xr.DataTree

    Raises
    ------
    TypeError
        When it is no fit.
    ValueError
        When its model says nothing of the future.
    """
    if not isinstance(fit, xr.DataTree) or "posterior" not in fit.children:
        raise TypeError(
            "expected what fit returns, an xr.DataTree with the group posterior, not "
            f"{type(fit).__name__}; read one from a file with read_fit."
        )
    from toolkit.forecast import kernels, scores

    known = {**kernels.SOURCES, **scores.SOURCES}
    model = str(fit.attrs.get("model"))
    if model not in known:
        raise ValueError(f"a fit of {model!r} cannot be continued; fit one of {', '.join(known)}.")
    return known[model](fit)


def forecast_variables(fit: xr.DataTree) -> tuple[str, ...]:
    """The variables that a fit's model gives a future to.

    Parameters
    ----------
    fit : xr.DataTree
    """
    return tuple(source_of(fit).variables)


def own_variable(fit: xr.DataTree) -> str:
    """The variable that a fit's forecast is of unless another is asked for: its first.

    Parameters
    ----------
    fit : xr.DataTree
    """
    return forecast_variables(fit)[0]


def override_names(fit: xr.DataTree) -> tuple[str, ...]:
    """The parameters of a fit that :func:`continue_loop` can set to something else.

    Parameters
    ----------
    fit : xr.DataTree
    """
    return source_of(fit).parameters


def check_variable(source: Source, name: str) -> None:
    """Refuse a variable that the model says nothing of, naming those that it does."""
    if name not in source.variables:
        raise ValueError(
            f"a fit of {source.model} says nothing of {name!r}; choose variable from: "
            f"{', '.join(source.variables)}."
        )


def own_seed(fit: xr.DataTree) -> int:
    """The seed that a fit was made with."""
    return int(json.loads(fit.attrs["seed"]))


def _thinned(fit: xr.DataTree, number: int) -> tuple[IntArray, IntArray, dict[str, FloatArray]]:
    """Chain and number of each draw that is kept, and the parameters' values, draws first."""
    posterior = fit["posterior"].to_dataset()
    chains, draws = posterior.sizes[labels.CHAIN], posterior.sizes[labels.DRAW]
    each = int(np.clip(-(-number // chains), 1, draws))
    kept = np.unique(np.linspace(0, draws - 1, each).round().astype(int))
    values = {}
    for name, variable in posterior.data_vars.items():
        array = variable.transpose(labels.CHAIN, labels.DRAW, ...).values[:, kept]
        values[str(name)] = np.asarray(array.reshape(-1, *array.shape[2:]), float)
    return np.repeat(np.arange(chains), kept.size), np.tile(kept, chains), values


def _checked_overrides(
    source: Source, given: Mapping[str, Any], number: int
) -> dict[str, FloatArray]:
    checked = {}
    for name, value in given.items():
        if name not in source.parameters:
            raise ValueError(
                f"{name!r} cannot be overridden in a fit of {source.model}; choose from: "
                f"{', '.join(source.parameters)}."
            )
        array = np.asarray(value, float)
        own = source.parameter_shape(name)
        if array.shape not in ((), own, (number, *own)) or not np.isfinite(array).all():
            raise ValueError(
                f"{name} is overridden by an array of shape {array.shape}; expected finite "
                f"numbers of shape {own} or {(number, *own)}, one for each draw."
            )
        low, high = source.limits(name)
        if (array < low).any() or (array > high).any():
            raise ValueError(f"{name} must lie within [{low:g}, {high:g}], not {value!r}.")
        checked[name] = np.broadcast_to(array, (number, *own))
    return checked


def _pairs(draws: int, replicates: int, in_turn: bool) -> tuple[IntArray, IntArray]:
    """Draw and replicate of each path."""
    if in_turn:
        return np.arange(draws), np.arange(draws) % replicates
    return np.repeat(np.arange(draws), replicates), np.tile(np.arange(replicates), draws)


def _keys(seed: int, draw: IntArray, replicate: IntArray) -> jax.Array:
    return _folded(np.uint32(seed % 2**32), np.uint32(seed // 2**32), draw, replicate)


@jax.jit
@partial(jax.vmap, in_axes=(None, None, 0, 0))
def _folded(low: Any, high: Any, draw: Any, replicate: Any) -> jax.Array:
    key = jax.random.fold_in(jax.random.key(low), high)
    return jax.random.fold_in(jax.random.fold_in(key, draw), replicate)
