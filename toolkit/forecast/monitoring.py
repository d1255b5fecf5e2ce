"""``monitor``: what a loop that is still running is heading for, as each generation lands.

Each time the file has grown the model is fitted to its last generations and continued; nothing is
carried over, so that every answer is that of ``fit`` and ``forecast`` on these data. Measured by
the study ``monitoring`` (200 loops each of ``text_drift`` and ``diversity_decay``, true values from
the priors, 10 to 160 generations): refits are calibrated (in the end 90 % intervals cover
91.5 % and 89.8 %), and so are their probabilities of a crossing. Draws of the first fit that are
only reweighted, generation by generation, are not (78.4 % and 79.4 %: of 500 some ten are left);
moved after each resampling they are, for a fortieth of a refit's time or less. Yet a refit takes a
second, and it is as right where weights cannot be multiplied by anything: when the file is
rewritten, or the oldest generation leaves the window.

Generations that landed meanwhile are taken together. What is fitted has one of few lengths, up to
an eighth of the oldest generations are left out, since each length is compiled anew; what was
compiled for the length before, 40 to 100 MB, is let go.
"""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np
import xarray as xr

from toolkit import labels
from toolkit.forecast.continuation import own_variable
from toolkit.forecast.forecasting import forecast
from toolkit.inference import ConvergenceWarning, fit
from toolkit.inference.priors import split_arguments
from toolkit.inference.programs import forget
from toolkit.models import model_of
from toolkit.systems.validation import integer
from toolkit.trajectories import Follower

#: The forecast goes on for so many horizons, to say when a level is passed beyond it.
_HORIZONS = 10
#: Of a doubling of the length there are so many lengths.
_LENGTHS_PER_DOUBLING = 8

Kind = Literal["answer", "waiting", "unchanged"]


class Report(NamedTuple):
    """What is known after a look at the file.

    Attributes
    ----------
    kind : {"answer", "waiting", "unchanged"}
        ``"waiting"``: there is no answer as yet, or no more; ``words`` say why.
    words : str
    forecast : xr.Dataset or None
        Of an answer.
    fitted : xr.DataTree or None
    change : str
        Of the file: first, grown, rewritten.
    alarm : bool
        A crossing nearer than the horizon is as probable as asked for.
    """

    kind: Kind
    words: str = ""
    forecast: xr.Dataset | None = None
    fitted: xr.DataTree | None = None
    change: str = ""
    alarm: bool = False


def monitor(
    path: str | Path,
    *,
    model: str,
    below: float,
    variable: str | None = None,
    horizon: int = 20,
    probability: float = 0.5,
    seed: int,
    window: int = 200,
    score: str | None = None,
    every: float = 5.0,
    sleep: Callable[[float], Any] = time.sleep,
    **priors_and_options: Any,
) -> Iterator[Report]:
    """Follow the file of a running loop.

    Parameters
    ----------
    path : str or Path
        What :func:`toolkit.read_trajectory` reads; it may be growing, and need not be there yet.
    model : str
    below : float
        The level that ``variable`` is not to fall below.
    variable : str, optional
        The model's own unless given: a score, ``text_diversity`` or ``image_diversity``.
    horizon : int
        Generations.
    probability : float
        There is an alarm when a replicate is below the level within the horizon with at least this
        probability.
    seed : int
        Of every fit and forecast.
    window : int
        The last generations that are looked at; memory does not grow beyond them.
    score : str, optional
        The column that is the score, if it is not called so.
    every : float
        Seconds between two looks.
    sleep : callable
        What passes the time.
    **priors_and_options
        Of :func:`toolkit.fit`.

    Yields
    ------
    Report
        After every look, for ever: stop when you have seen enough.

    Raises
    ------
    ValueError
        When a name or a number is wrong, or the model gives no future to the variable.

    Examples
    --------
    >>> import tempfile, numpy as np, pandas as pd
    >>> score = 0.2 + 0.6 * 0.9 ** np.arange(30) + 0.01 * np.random.default_rng(1).normal(size=30)
    >>> path = Path(tempfile.mkdtemp(), "loop.csv")
    >>> pd.DataFrame({"generation": np.arange(30), "score": score}).to_csv(path, index=False)
    >>> looks = monitor(path, model="diversity_decay", variable="score", below=0.1, seed=1)
    >>> first = next(looks)
    >>> first.kind, first.alarm
    ('answer', False)
    """
    horizon = integer(horizon, "horizon", 1)
    if not 0 < probability <= 1:
        raise ValueError(f"probability must be above 0 and at most 1, not {probability!r}.")
    if not np.isfinite(below):
        raise ValueError(f"below must be a finite number, not {below!r}.")
    split_arguments(model_of(model), priors_and_options)
    follower = Follower(path, window=integer(window, "window", 3), score=score)
    seed = integer(seed, "seed", 0)
    ask = {"variable": variable, "below": below, "seed": seed}
    return _looks(follower, model, ask, horizon, probability, every, sleep, priors_and_options)


def _looks(
    follower: Follower,
    model: str,
    ask: Mapping[str, Any],
    horizon: int,
    probability: float,
    every: float,
    sleep: Callable[[float], Any],
    settings: Mapping[str, Any],
) -> Iterator[Report]:
    sizes: Mapping[Any, int] = {}
    found, lost = Report("unchanged"), False
    while True:
        try:
            seen = follower.poll()
        except (ValueError, OSError) as error:
            lost = True
            yield Report("waiting", str(error))
        else:
            if seen is None:
                # Readable again, as it was: what was said last holds again, and is said again.
                yield found._replace(change="grown") if lost else Report("unchanged")
            else:
                used = kept_length(seen.trajectory.sizes[labels.GENERATION])
                recent = seen.trajectory.isel({labels.GENERATION: slice(-used, None)})
                if sizes and recent.sizes != sizes:
                    forget()  # programs for a length that does not come back
                sizes = dict(recent.sizes)
                found = _answer(recent, model, ask, horizon, probability, settings)
                found = found._replace(change=seen.change)
                yield found
            lost = False
        sleep(every)


def _answer(
    recent: xr.Dataset,
    model: str,
    ask: Mapping[str, Any],
    horizon: int,
    probability: float,
    settings: Mapping[str, Any],
) -> Report:
    """The answer to what is in the file now, or why there is none."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        try:
            found = fit(recent, model, seed=ask["seed"], **settings)
        except ValueError as error:
            return Report("waiting", str(error))
    if found.attrs["converged"] != "true":
        return Report("waiting", "the chains did not come to agree", fitted=found)
    variable = ask["variable"] or own_variable(found)
    asked = {**ask, "variable": variable, "generations": _HORIZONS * horizon}
    ahead = forecast(found, **asked)
    alarm = float(crossing_probability(ahead, horizon).max()) >= probability
    return Report("answer", forecast=ahead, fitted=found, alarm=alarm)


def crossing_probability(forecasted: xr.Dataset, horizon: int) -> xr.DataArray:
    """The probability to be below the level, now or within the horizon, by replicate (and text).

    Parameters
    ----------
    forecasted : xr.Dataset
        From :func:`toolkit.forecast`, with a level.
    horizon : int
    """
    within = forecasted[labels.TIME_TO_LEVEL] <= horizon
    return within.mean((labels.CHAIN, labels.DRAW))


def kept_length(number: int) -> int:
    """How many of the last generations are fitted: nearly all, and one of few numbers.

    Parameters
    ----------
    number : int

    Examples
    --------
    >>> [kept_length(number) for number in (7, 16, 17, 35, 36, 200)]
    [7, 16, 16, 32, 36, 192]
    """
    step = max(1, 2 ** int(np.log2(max(number, 1))) // _LENGTHS_PER_DOUBLING)
    return number - number % step
