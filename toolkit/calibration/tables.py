"""What the ranks of a calibration say, parameter by parameter: numbers, verdicts, tables."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

from toolkit import labels
from toolkit.calibration import bands, ranks
from toolkit.inference.checks import PROBABILITIES

if TYPE_CHECKING:
    import pandas as pd

CALIBRATED = "calibrated"
NOT_CALIBRATED = "not calibrated"
#: A bias or a width is put into words beyond so many standard errors.
_WORTH_SAYING = 3.0
#: Chains that may fail, and data sets that may be refused, in a calibration that passes.
_MOST_FAILED = 0.02


def summarise(fits: xr.Dataset, num_ranks: int, false_alarm: float) -> xr.Dataset:
    """Distribution of the ranks, coverage, bias and width of each parameter, with a verdict.

    Two families of checks share ``false_alarm`` each (Bonferroni): whether the ranks' empirical
    distribution leaves its simultaneous band, over parameters; whether central intervals cover
    at their nominal frequency (binomial), over parameters and intervals. The chi-square is
    reported and decides nothing.

    Parameters
    ----------
    fits : xr.Dataset
        ``true_value``, ``posterior_mean``, ``posterior_sd``, ``rank`` with dims dataset,
        parameter; ``failed`` and ``refused`` with dim dataset. Data sets that were refused are
        left out; one whose draws are not finite counts as a rank of 0 and as not covered.
    num_ranks : int
    false_alarm : float

    Returns
    -------
    xr.Dataset
        The fits with what follows from them.
    """
    kept = fits.isel({labels.DATASET: np.flatnonzero(~fits[labels.REFUSED].values)})
    found = kept[labels.RANK].values.T
    number = len(found)
    level = false_alarm / number
    rows = [_of_parameter(rank, num_ranks, level) for rank in found]
    columns = {name: np.stack([row[name] for row in rows]) for name in rows[0]}
    columns |= _errors(kept)
    inside = columns[labels.ECDF_P] >= level
    covered = columns[labels.COVERAGE_P] >= level / len(PROBABILITIES)
    columns[labels.VERDICT] = np.array(
        [_words(*row) for row in zip(inside, covered, *_said(columns), strict=True)], dtype=str
    )
    share = np.arange(1, num_ranks) / num_ranks
    bins = columns[labels.RANK_HISTOGRAM].shape[1]
    summary = xr.Dataset(
        {name: _labelled(name, values) for name, values in columns.items()},
        coords={
            labels.PARAMETER: fits[labels.PARAMETER].values,
            labels.RANK_SHARE: share,
            labels.RANK_BIN: (np.arange(bins) + 0.5) / bins,
            labels.PROBABILITY: list(PROBABILITIES),
        },
    )
    whole = fits.merge(summary, join="exact")
    bounds = np.array([ranks.central_ranks(num_ranks, one) for one in PROBABILITIES])
    rank = fits[labels.RANK].values[..., None]
    whole[labels.COVERED] = _labelled(
        labels.COVERED, (rank >= bounds[:, 0]) & (rank <= bounds[:, 1])
    )
    for name in whole.coords:
        whole[name].attrs.update(labels.CALIBRATION[str(name)].attrs)
    verdict = _overall(whole, bool(inside.all() and covered.all()))
    whole.attrs |= {
        "num_ranks": num_ranks,
        "false_alarm": false_alarm,
        labels.VERDICT: verdict,
        "calibrated": int(verdict.startswith(CALIBRATED)),  # netCDF has no booleans here
    }
    return whole


def calibration_table(result: xr.Dataset) -> pd.DataFrame:
    """A calibration as a table, a row for each parameter.

    Parameters
    ----------
    result : xr.Dataset
        From ``calibrate``.

    Returns
    -------
    pandas.DataFrame
        Indexed by parameter: p-values of the ranks' distribution (``ecdf_p``; inside its band
        where ``ecdf_inside``) and of the binned ranks, coverage of central intervals with its
        binomial interval, mean error in posterior sds, posterior sd over the error's root mean
        square, the verdict.
    """
    import pandas as pd

    level = result.attrs["false_alarm"] / result.sizes[labels.PARAMETER]
    columns: dict[str, Any] = {
        labels.ECDF_P: result[labels.ECDF_P].values,
        "ecdf_inside": result[labels.ECDF_P].values >= level,
        labels.CHI_SQUARE_P: result[labels.CHI_SQUARE_P].values,
    }
    for probability in result[labels.PROBABILITY].values:
        one = result.sel({labels.PROBABILITY: probability})
        name = f"{labels.COVERAGE}_{round(100 * probability)}"
        columns[name] = one[labels.COVERAGE].values
        columns[f"{name}_low"] = one[labels.COVERAGE_LOW].values
        columns[f"{name}_high"] = one[labels.COVERAGE_HIGH].values
    for name in (labels.BIAS, labels.SD_RATIO, labels.VERDICT):
        columns[name] = result[name].values
    index = pd.Index(result[labels.PARAMETER].values, name=labels.PARAMETER)
    return pd.DataFrame(columns, index=index)


def _of_parameter(rank: np.ndarray, num_ranks: int, level: float) -> dict[str, Any]:
    """Distribution and coverage of one parameter's ranks."""
    number, share = len(rank), np.arange(1, num_ranks) / num_ranks
    placed = np.maximum(rank, 0)
    band = bands.simultaneous_band(number, num_ranks, level)
    each = [ranks.coverage(rank, num_ranks, one, level) for one in PROBABILITIES]
    return {
        labels.ECDF_DIFFERENCE: bands.counts_below(placed, num_ranks) / number - share,
        labels.BAND_LOW: band.low / number - share,
        labels.BAND_HIGH: band.high / number - share,
        labels.RANK_HISTOGRAM: ranks.histogram(placed, num_ranks),
        labels.ECDF_P: np.array(bands.uniformity_p_value(placed, num_ranks)),
        labels.CHI_SQUARE_P: np.array(ranks.chi_square_p_value(placed, num_ranks)),
        labels.COVERAGE: np.array([one.frequency for one in each]),
        labels.COVERAGE_LOW: np.array([one.low for one in each]),
        labels.COVERAGE_HIGH: np.array([one.high for one in each]),
        labels.COVERAGE_P: np.array([one.p_value for one in each]),
    }


def _errors(kept: xr.Dataset) -> dict[str, np.ndarray]:
    """Mean and root mean square of the errors in posterior sds.

    Under calibration their means over data sets are 0 and 1, whatever the posteriors' shapes.
    """
    error = kept[labels.POSTERIOR_MEAN].values - kept[labels.TRUE_VALUE].values
    sd = kept[labels.POSTERIOR_SD].values
    with np.errstate(invalid="ignore", divide="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # no chain at all moved: NaN
        # A chain that never moved has no sd; it is counted among those that failed.
        score = np.where(np.isfinite(error) & (sd > 0), error / sd, np.nan)
        bias = np.nanmean(score, axis=0)
        ratio = 1 / np.sqrt(np.nanmean(np.square(score), axis=0))
        spread = np.nanstd(score, axis=0) / np.sqrt(len(score))
        return {labels.BIAS: bias, labels.SD_RATIO: ratio, _SPREAD: spread}


#: Standard error of the bias: used for the words, not kept.
_SPREAD = "bias_standard_error"


def _said(columns: dict[str, np.ndarray]) -> tuple[np.ndarray, ...]:
    """What the verdicts' words are made of; removes what is not to be kept."""
    error = columns.pop(_SPREAD)
    nominal = np.array(PROBABILITIES)
    widest = columns[labels.COVERAGE] - nominal
    significant = (columns[labels.COVERAGE_LOW] > nominal) | (
        columns[labels.COVERAGE_HIGH] < nominal
    )
    direction = np.sign(np.where(significant, widest, 0.0).sum(axis=1))
    return columns[labels.BIAS], error, direction


def _words(inside: bool, covered: np.ndarray, bias: float, error: float, width: float) -> str:
    """A parameter's verdict: calibrated, or what is wrong."""
    if inside and covered.all():
        return CALIBRATED
    reasons = []
    if abs(bias) > _WORTH_SAYING * error:
        reasons.append(f"biased {'upward' if bias > 0 else 'downward'} by {abs(bias):.2f} sd")
    if width:
        reasons.append(f"intervals too {'wide' if width > 0 else 'narrow'}")
    return f"{NOT_CALIBRATED}: {', '.join(reasons) or 'ranks not uniform'}"


def _overall(whole: xr.Dataset, passed: bool) -> str:
    """The verdict on all parameters and all chains."""
    number = whole.sizes[labels.DATASET]
    failed, refused = (int(whole[name].sum()) for name in (labels.FAILED, labels.REFUSED))
    said = [CALIBRATED if passed else NOT_CALIBRATED]
    if max(failed, refused) > _MOST_FAILED * number:
        said[0] = NOT_CALIBRATED
    if failed:
        said.append(f"{failed} of {number} fits did not converge")
    if refused:
        said.append(f"{refused} of {number} data sets were refused")
    return "; ".join(said)


def _labelled(name: str, values: np.ndarray) -> Any:
    label = labels.CALIBRATION[name]
    return xr.Variable(label.dims, values, label.attrs)
