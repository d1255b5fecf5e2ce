"""Whether what is said of loops is so: ranks and coverage of parameters, levels crossed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
import xarray as xr
from scipy import stats

from studies._landing import VARIABLES, Draws, Loops, Way, course
from toolkit import labels
from toolkit.calibration import bands, ranks
from toolkit.forecast import forecast
from toolkit.forecast.monitoring import crossing_probability
from toolkit.inference import tree
from toolkit.models import model_of

FloatArray = npt.NDArray[np.float64]

#: Dims and variables: what is said, what would be if the parameters were known, what comes.
WAY, SAID, KNOWN, CAME = "way", "said", "known", "came"
#: Of the central intervals.
LEVELS = (0.5, 0.9)
_NUM_RANKS = 100
#: Paths of a forecast with known parameters; about as many as any other has.
_PATHS = 400


def calibration(loops: Loops, ways: Mapping[str, Way], seed: int) -> xr.Dataset:
    """Ranks of true values among the draws of each way at each checkpoint, and what they say.

    Parameters
    ----------
    loops : Loops
    ways : mapping of Way
    seed : int
        Of ties.
    """
    rng = np.random.default_rng(seed)

    def rank(draws: Draws, name: str) -> npt.NDArray[np.int64]:
        return ranks.ranks_of(loops.truth[name], ranks.thin(draws[name], _NUM_RANKS - 1), rng)

    found = np.array(
        [[[rank(draws, k) for k in loops.priors] for draws in w.draws] for w in ways.values()]
    )
    rows = found.reshape(-1, found.shape[-1])
    shape = (*found.shape[:-1], len(LEVELS))
    uniform = [bands.uniformity_p_value(one, _NUM_RANKS) for one in rows]
    counted = [[ranks.coverage(one, _NUM_RANKS, level) for level in LEVELS] for one in rows]
    share, p_value = (
        [[getattr(one, name) for one in row] for row in counted]
        for name in ("frequency", "p_value")
    )
    dims = (WAY, labels.GENERATION, labels.PARAMETER)
    return xr.Dataset(
        {
            labels.RANK: ((*dims, labels.DATASET), found),
            labels.ECDF_P: (dims, np.reshape(uniform, shape[:-1])),
            labels.COVERAGE: ((*dims, labels.PROBABILITY), np.reshape(share, shape)),
            labels.COVERAGE_P: ((*dims, labels.PROBABILITY), np.reshape(p_value, shape)),
        },
        coords={labels.PARAMETER: list(loops.priors), labels.PROBABILITY: list(LEVELS)},
    )


def share_inside(found: xr.Dataset, level: float) -> tuple[xr.DataArray, xr.DataArray]:
    """The share of true values inside central intervals, and its standard error over loops.

    Parameters
    ----------
    found : xr.Dataset
        From :func:`calibration`.
    level : float
    """
    first, last = ranks.central_ranks(_NUM_RANKS, level)
    rank = found[labels.RANK]
    inside = ((rank >= first) & (rank <= last)).mean(labels.PARAMETER)
    number = inside.sizes[labels.DATASET]
    return inside.mean(labels.DATASET), inside.std(labels.DATASET, ddof=1) / np.sqrt(number)


def crossings(
    loops: Loops,
    ways: Mapping[str, Way],
    checkpoints: Sequence[int],
    *,
    horizon: int,
    lowest: float,
    seed: int,
) -> xr.Dataset:
    """What is said of a level at each checkpoint, and whether it comes to pass.

    Parameters
    ----------
    loops : Loops
    ways : mapping of Way
    checkpoints : sequence of int
    horizon : int
    lowest : float
        Levels are uniform between this share of the last score and all of it.
    seed : int
    """
    rng = np.random.default_rng([seed, 1])  # not the numbers of the loops' noise
    variable = VARIABLES[loops.model]
    said = np.empty((1 + len(ways), len(checkpoints), len(loops.seen)))
    came = np.empty(said.shape[1:], bool)
    for at, point in enumerate(checkpoints):
        least = loops.course[:, point : point + horizon + 1].min(axis=1)
        for index, landed in enumerate(loops.until(point)):
            level = course(landed, variable)[-1] * rng.uniform(lowest, 1)
            came[at, index] = least[index] < level
            known = {k: np.full(_PATHS, v[index]) for k, v in loops.truth.items()}
            drawn = [{k: v[index] for k, v in way.draws[at].items()} for way in ways.values()]
            for row, draws in enumerate([known, *drawn]):
                fit = _as_fit(loops, landed, draws)
                ahead = forecast(
                    fit, generations=horizon, variable=variable, below=level, seed=seed + index
                )
                said[row, at, index] = crossing_probability(ahead, horizon).item()
    dims = (labels.GENERATION, labels.DATASET)
    return xr.Dataset({SAID: ((WAY, *dims), said[1:]), KNOWN: (dims, said[0]), CAME: (dims, came)})


def _as_fit(loops: Loops, landed: xr.Dataset, draws: Draws) -> xr.DataTree:
    """Draws as a fit that can be continued."""
    evidence = model_of(loops.model).prepare(landed, **loops.options)
    number = len(next(iter(draws.values())))
    lead = {labels.CHAIN: np.arange(1), labels.DRAW: np.arange(number)}
    found = xr.DataTree.from_dict(
        {
            "posterior": tree.draws_dataset(
                {name: array[None] for name, array in draws.items()}, evidence, lead
            ),
            "observed_data": evidence.observed,
            "constant_data": evidence.constant,
        }
    )
    found.attrs = tree.attributes(model=loops.model, seed=0, options=loops.options)
    return found


def calibration_p(said: npt.ArrayLike, came: npt.ArrayLike, number: int) -> float:
    """P-value of probabilities of events being calibrated (D. J. Spiegelhalter, 1986).

    ``sum (o - p)(1 - 2p)`` has mean 0 and variance ``sum (1 - 2p)^2 p (1 - p)`` where each event
    o has its probability p; it sees overconfidence, and beside it is ``sum (o - p)``, which sees a
    bias: the smaller p-value, doubled.

    Parameters
    ----------
    said : array_like
        Shares of ``number`` draws; a share of none of them is half a draw.
    came : array_like of bool
    number : int

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> p = rng.uniform(size=2000)
    >>> came = rng.uniform(size=2000) < p
    >>> calibration_p(p, came, 400) > 0.01, calibration_p(p**1.5, came, 400) < 1e-4
    (True, True)
    """
    p = (np.asarray(said, float) * number + 0.5) / (number + 1)
    off, variance = np.asarray(came, float) - p, p * (1 - p)
    worst = 1.0
    for weight in (np.ones_like(p), 1 - 2 * p):
        z = np.sum(weight * off) / np.sqrt(np.sum(weight**2 * variance))
        worst = min(worst, 2 * float(stats.norm.sf(abs(z))))
    return min(1.0, 2 * worst)
