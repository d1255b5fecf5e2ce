"""``summary``: how fast diversity is lost, and to what, in a user's terms.

The fitted process is run again, with one cause after another switched off. Under each draw of the
posterior, with D the mean of the variable over many paths, the loss over the horizon is
``L = D(start) - D(horizon)``, and what a cause contributes is

    L(all causes) - L(all but this one):

positive for what takes diversity away, negative for what brings it back (without injection that
much more would be lost). *Drift* is switched off by a batch size of 1e12, *sharpening* by a text
temperature of 1, *shrinkage* by a factor of 1, *injection* by its probability 0, *real images* by
their share 0. With all of them off nothing is lost, so that contributions would add up to the loss
if causes did not act on one another: what is left over is the *interactions*, shown as such. All
runs have the same random numbers, so that differences are those of the causes.

``contraction_factor`` is the mean factor per generation over the horizon (up to where a tenth is
left), ``half_life`` the generations that it takes for half; with injections the loop settles at a
level, and the factor says how fast it has come nearer over this horizon, not beyond it. Intervals
are over draws of the posterior; means over paths add a Monte Carlo error, told as
``mean_error``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd
import xarray as xr

from toolkit import labels
from toolkit.forecast.continuation import (
    Start,
    check_variable,
    continue_loop,
    own_seed,
    source_of,
)
from toolkit.inference.checks import TAILS
from toolkit.systems.validation import integer

Floats = npt.NDArray[np.float64]

INTERACTIONS = "interactions"
#: Paths whose mean stands for the expected diversity under a draw, and draws of the posterior.
_PATHS, _DRAWS = 32, 100
_LEFT = 0.1
_SCORES = ("diversity_decay", "retraining")


class Cause(NamedTuple):
    """A cause, and what switches it off.

    Attributes
    ----------
    name : str
    parameter : str
        It is there when this parameter is.
    off : float
        The parameter's value without the cause.
    """

    name: str
    parameter: str
    off: float


CAUSES: tuple[Cause, ...] = (
    Cause("drift", labels.EFFECTIVE_BATCH_SIZE, 1e12),
    Cause("sharpening", labels.TEXT_TEMPERATURE, 1.0),
    Cause("shrinkage", labels.SHRINKAGE_FACTOR, 1.0),
    Cause("injection", labels.INJECTION_PROB, 0.0),
    Cause("real images", labels.REAL_SHARE, 0.0),
)


def summary(
    fit: xr.DataTree,
    horizon: int | None = None,
    *,
    variable: str | None = None,
    start: Start = "first",
    seed: int | None = None,
    num_draws: int = _DRAWS,
    paths: int = _PATHS,
) -> xr.Dataset:
    """How fast diversity is lost, and what it is lost to.

    Parameters
    ----------
    fit : xr.DataTree
        From ``fit`` or ``read_fit``.
    horizon : int, optional
        Generations over which the loss is counted; as many as were observed unless given.
    variable : str, optional
        ``text_diversity``, or ``image_diversity`` (the mean over texts) for a fit of images alone.
    start : {"first", "last"}
        Whether the loss is that since the first observed state, or from the last one on.
    seed : int, optional
        That of the fit unless given.
    num_draws, paths : int
        Draws of the posterior, and paths under each of them.

    Returns
    -------
    xr.Dataset
        Draws of ``contraction_factor``, ``half_life``, ``loss``, and by ``cause`` of
        ``contribution`` and ``share_of_loss``; for a score, of which only the rate can be told, the
        first two alone. Attributes: ``answer`` (sentences), ``variable``, ``horizon``, ``start``,
        ``mean_error``.

    Raises
    ------
    ValueError
        When the model says nothing of the variable, or a number is wrong.

    Examples
    --------
    >>> import numpy as np, toolkit as tk
    >>> score = 0.2 + 0.6 * 0.9 ** np.arange(30) + 0.01 * np.random.default_rng(1).normal(size=30)
    >>> found = tk.fit(tk.read_trajectory(score=score[None]), model="diversity_decay", seed=1)
    >>> bool(5 < summary(found).half_life.median() < 8)
    True
    """
    source = source_of(fit)
    if source.model in _SCORES:
        return _of_score(fit)
    if variable is None:
        texts = labels.TEXT_DIVERSITY in source.variables
        variable = labels.TEXT_DIVERSITY if texts else labels.IMAGE_DIVERSITY
    check_variable(source, variable)
    observed = int(source.generation[-1] - source.generation[0])
    horizon = integer(observed if horizon is None else horizon, "horizon", 1)
    paths, num_draws = integer(paths, "paths", 2), integer(num_draws, "num_draws", 1)
    own = own_seed(fit) if seed is None else integer(seed, "seed", 0)
    repeats = -(-paths // len(source.replicate))
    run = _Run(fit, variable, horizon, start, own, num_draws, repeats)
    causes = _acting(fit, source.parameters)
    full = run.curves({})
    loss = full.loss
    without = [run.curves({cause.parameter: cause.off}).loss for cause in causes]
    contribution = loss - np.reshape(without, (len(causes), len(loss)))
    contribution = np.concatenate([contribution, (loss - contribution.sum(axis=0))[None]])
    factor = _factor(full.begin, full.curve)
    result = _labelled(
        {
            labels.CONTRACTION_FACTOR: factor,
            labels.HALF_LIFE: _half_life(factor),
            labels.LOSS: loss,
            labels.CONTRIBUTION: contribution,
            labels.SHARE_OF_LOSS: contribution / np.where(loss == 0, np.nan, loss),
        },
        [*(cause.name for cause in causes), INTERACTIONS],
        full,
    )
    result.attrs = {
        "model": source.model,
        labels.VARIABLE: variable,
        "horizon": horizon,
        "start": start,
        "mean_error": full.error,
    }
    result.attrs["answer"] = " ".join(_sentences(result, float(full.begin.mean())))
    return result


class _Curves(NamedTuple):
    """Under each draw, the mean over paths of where they start and of every generation.

    ``error`` is the standard error by chance of the last mean; ``chain`` and ``draw`` say which
    draws these are.
    """

    begin: Floats
    curve: Floats
    error: float
    chain: npt.NDArray[Any]
    draw: npt.NDArray[Any]

    @property
    def loss(self) -> Floats:
        """Over the whole horizon, of each draw."""
        return self.begin - self.curve[:, -1]


class _Run(NamedTuple):
    """What all runs have in common."""

    fit: xr.DataTree
    variable: str
    horizon: int
    start: Start
    seed: int
    num_draws: int
    repeats: int

    def curves(self, overrides: Mapping[str, Any]) -> _Curves:
        """The process with some parameters overridden, each time with the same random numbers."""
        begins, means, last = [], [], []
        for number in range(self.repeats):
            ahead = continue_loop(
                self.fit,
                generations=self.horizon,
                variables=self.variable,
                seed=self.seed + number,
                overrides=overrides,
                num_draws=self.num_draws,
                start=self.start,
            )
            values, current = ahead.values[self.variable], ahead.current[self.variable]
            # Of images there is a value for each text.
            values = values.reshape(*values.shape[:3], -1).mean(axis=-1)
            current = current.reshape(*current.shape[:2], -1).mean(axis=-1)
            begins.append(current.mean(axis=1))
            means.append(values.mean(axis=1))
            last.append(values[:, :, -1])
        paths = np.concatenate(last, axis=1)
        error = float(np.sqrt(np.mean(paths.var(axis=1, ddof=1) / paths.shape[1])))
        begin, curve = np.mean(begins, axis=0), np.mean(means, axis=0)
        return _Curves(begin, curve, error, ahead.chain, ahead.draw)


def _labelled(values: Mapping[str, Floats], causes: list[str], full: _Curves) -> xr.Dataset:
    """Draws by name, with dims (cause,) chain and draw."""
    chains, draws = np.unique(full.chain), np.unique(full.draw)
    known = {**labels.PARAMETERS, **labels.SUMMARIES}
    return xr.Dataset(
        {
            name: (
                (*known[name].dims, *labels.SAMPLE_DIMS),
                array.reshape(*array.shape[:-1], chains.size, draws.size),
                known[name].attrs,
            )
            for name, array in values.items()
        },
        coords={labels.CAUSE: causes, labels.CHAIN: chains, labels.DRAW: draws},
    )


def _acting(fit: xr.DataTree, parameters: tuple[str, ...]) -> list[Cause]:
    """The causes that the fit allows for: those not known to be off."""
    posterior = fit["posterior"].to_dataset()
    found = []
    for cause in CAUSES:
        if cause.parameter not in parameters or cause.parameter not in posterior:
            continue
        values = posterior[cause.parameter].values
        if not (values == cause.off).all():
            found.append(cause)
    return found


def _factor(begin: Floats, curve: Floats) -> Floats:
    """Mean factor per generation up to the last one at which a tenth of the start is left."""
    share = curve / begin[:, None]
    left = share >= _LEFT
    last = np.where(left.any(axis=1), left.shape[1] - 1 - left[:, ::-1].argmax(axis=1), 0)
    rows = np.arange(len(share))
    return np.asarray(np.maximum(share[rows, last], 1e-300) ** (1 / (last + 1)))


def _half_life(factor: Floats) -> Floats:
    with np.errstate(divide="ignore"):
        return np.where(factor < 1, np.log(2) / -np.log(np.minimum(factor, 1.0)), np.inf)


def _of_score(fit: xr.DataTree) -> xr.Dataset:
    posterior = fit["posterior"].to_dataset()
    result = posterior[[labels.CONTRACTION_FACTOR, labels.HALF_LIFE]]
    result.attrs = {"model": fit.attrs["model"]}
    rate = _rate_words(result, "The distance to the long-run level")
    result.attrs["answer"] = (
        f"{rate} What a score is lost to cannot be told from the score alone: give "
        "text probabilities (text_drift) or image means and covariances (image_contraction)."
    )
    return result


def _rate_words(result: xr.Dataset, what: str) -> str:
    low, middle, high = _interval(result[labels.HALF_LIFE])
    factor = _interval(result[labels.CONTRACTION_FACTOR])
    return (
        f"{what} halves in {middle:.3g} generations (90 % interval {low:.3g} to {high:.3g}); "
        f"contraction factor {factor[1]:.4g} per generation ({factor[0]:.4g} to "
        f"{factor[2]:.4g})."
    )


def _interval(draws: xr.DataArray) -> tuple[float, float, float]:
    """Quantiles 5 %, 50 % and 95 %, inf where beyond."""
    values = np.sort(np.ravel(draws.values))
    values = values[~np.isnan(values)]
    if not len(values):
        return np.nan, np.nan, np.nan
    low, middle, high = (
        float(np.quantile(values, level, method="inverted_cdf"))
        for level in (TAILS[0], 0.5, TAILS[1])
    )
    return low, middle, high


def _sentences(result: xr.Dataset, begin: float) -> list[str]:
    """The decomposition in words."""
    name, horizon = result.attrs[labels.VARIABLE].replace("_", " "), result.attrs["horizon"]
    low, middle, high = _interval(result[labels.LOSS])
    since = "from the first state" if result.attrs["start"] == "first" else "from now on"
    whole = (
        f"Over {horizon} generations {since}, {name} falls from {begin:.3g} by {middle:.3g} on "
        f"average ({low:.3g} to {high:.3g})."
    )
    rate = _rate_words(result, f"At its mean rate, {name}")
    found, sure = [whole, rate], low > 0
    if not sure:
        found.append("It is not sure that anything is lost: shares of the loss would mean little.")
    for cause in map(str, result[labels.CAUSE].values):
        one = result.sel({labels.CAUSE: cause})
        low, middle, high = _interval(one[labels.CONTRIBUTION])
        share = _interval(one[labels.SHARE_OF_LOSS])
        if cause == INTERACTIONS:
            found.append(
                f"These do not add up to the loss: {middle:.3g} ({low:.3g} to {high:.3g}) is the "
                "work of causes acting on one another."
            )
        elif low <= 0 <= high:
            found.append(f"{cause.capitalize()} has no sure effect ({low:.2g} to {high:.2g}).")
        elif middle < 0:
            found.append(
                f"Without {cause} {-middle:.3g} more would be lost ({-high:.3g} to {-low:.3g})."
            )
        else:
            of_loss = f": {_share_words(share)}" if sure else f" ({low:.3g} to {high:.3g})"
            found.append(f"Without {cause} {middle:.3g} less would be lost{of_loss}.")
    return found


def _share_words(share: tuple[float, float, float]) -> str:
    low, middle, high = (f"{end:.0%}" for end in share)
    if low == middle == high == "100%":
        return "all of the loss"
    return f"{middle} of the loss ({low} to {high})"


def summary_table(result: xr.Dataset) -> pd.DataFrame:
    """A summary as a table: median and central 90 % interval of each quantity.

    Parameters
    ----------
    result : xr.Dataset
        From :func:`summary`.

    Returns
    -------
    pandas.DataFrame
        Columns 5%, 50% and 95%, and those of the share of the loss where it is sure that
        anything is lost.
    """
    rows: dict[str, list[float]] = {}
    for name in (labels.HALF_LIFE, labels.CONTRACTION_FACTOR, labels.LOSS):
        if name in result:
            rows[name] = [*_interval(result[name]), *[np.nan] * 3]
    # Shares of a loss that may be none mean nothing.
    sure = labels.LOSS in result and _interval(result[labels.LOSS])[0] > 0
    for cause in result[labels.CAUSE].values if labels.CAUSE in result.dims else ():
        one = result.sel({labels.CAUSE: cause})
        share = _interval(one[labels.SHARE_OF_LOSS]) if sure else [np.nan] * 3
        rows[f"loss to {cause}"] = [*_interval(one[labels.CONTRIBUTION]), *share]
    columns = ["5%", "50%", "95%", "share 5%", "share 50%", "share 95%"]
    table = pd.DataFrame.from_dict(rows, orient="index", columns=columns)
    return table.dropna(axis="columns", how="all")
