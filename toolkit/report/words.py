"""The answers of a report in plain sentences, made of the numbers that were found."""

from __future__ import annotations

import json
from collections.abc import Iterable

import numpy as np
import pandas as pd
import xarray as xr

from toolkit import labels
from toolkit.forecast import forecast_table
from toolkit.forecast.dosing import DISTANCES
from toolkit.forecast.summary import INTERACTIONS, summary_table
from toolkit.forecast.tables import ANY
from toolkit.inference import remarks
from toolkit.report.gathering import Findings
from toolkit.report.markup import number

_QUANTILES = ("5%", "50%", "95%")
#: Keeps a number and its sign of percent on one line.
_JOIN = "\u00a0"
_NINETY = f"90{_JOIN}% interval"


def name_of(variable: str) -> str:
    """A variable in words."""
    return variable.replace("_", " ")


def rate(found: Findings) -> str:
    """How fast it is lost."""
    table = summary_table(found.summary)
    half, factor = table.loc[labels.HALF_LIFE], table.loc[labels.CONTRACTION_FACTOR]
    if labels.CAUSE not in found.summary.dims:
        what = f"The distance of {name_of(found.variable)} to its long-run level"
    else:
        what = name_of(str(found.summary.attrs[labels.VARIABLE])).capitalize()
    if np.isinf(half["50%"]):
        return f"{what} shows no loss that would halve it at all, in the middle of the posterior."
    return (
        f"{what} halves in {number(half['50%'])} generations ({_NINETY} {number(half['5%'])} "
        f"to {number(half['95%'])}): a factor of {number(factor['50%'], 4)} per generation "
        f"({number(factor['5%'], 4)} to {number(factor['95%'], 4)})."
    )


def causes(found: Findings) -> list[str]:
    """What it is lost to, in short; of a score that cannot be told."""
    result = found.summary
    if labels.CAUSE not in result.dims:
        data = "text probabilities (text_drift) or image means and covariances (image_contraction)"
        return [f"That cannot be told from a score alone: it takes {data}."]
    table = summary_table(result)
    low, middle, high = (number(table.loc[labels.LOSS, q]) for q in _QUANTILES)
    name = name_of(str(result.attrs[labels.VARIABLE]))
    lost = f"{middle} of {name} on average ({_NINETY} {low} to {high})"
    horizon = result.attrs["horizon"]
    said = [f"Over the {horizon} generations since the start the fitted loop loses {lost}."]
    sure = bool(table.loc[labels.LOSS, "5%"] > 0)
    names = (str(cause) for cause in result[labels.CAUSE].values)
    return said + [_cause(c, table.loc[f"loss to {c}"], sure) for c in names if c != INTERACTIONS]


def _cause(cause: str, row: pd.Series, sure: bool) -> str:
    """What a cause does: its share of a loss that is sure, else its part of it."""
    low, middle, high = (float(row[q]) for q in _QUANTILES)
    if low <= 0 <= high:
        return f"{cause.capitalize()} has no sure effect."
    if middle < 0:
        return f"{cause.capitalize()} brings back {number(-middle)}."
    if not sure:
        return f"Without {cause} {number(middle)} less would be lost."
    shares = [f"{100 * float(row[f'share {q}']):.0f}{_JOIN}%" for q in _QUANTILES]
    return f"Without {cause} {shares[1]} less would be lost ({shares[0]} to {shares[2]})."


def heading(found: Findings) -> list[str]:
    """Where it goes from here, and when it is below the level."""
    table = forecast_table(found.ahead)
    whole = [at for at in table.index if str(at).startswith(ANY)]
    rows = table.loc[whole] if whole else table
    distance = found.variable in DISTANCES
    worst = rows["expected"].idxmax() if distance else rows["expected"].idxmin()
    row = rows.loc[worst]
    who = _who(str(worst), len(rows), found)
    interval = f"{_NINETY} {number(row['5%'])} to {number(row['95%'])}"
    expected = f"expected at {number(row['expected'])} after {found.horizon} generations"
    said = [f"{who}: {number(row['now'])} now, {expected} ({interval})."]
    if found.level is not None and distance:
        chance = _percent(1 - float(row["below"]))
        said.append(f"The probability to be {number(found.level)} or more then is {chance}.")
    elif found.level is not None:
        chance = _percent(float(row["below"]))
        said.append(
            f"The probability to be below {number(found.level)} then is {chance}. "
            + time_words(row, found.horizon)
        )
    return said


def _who(row: str, rows: int, found: Findings) -> str:
    variable = name_of(found.variable).capitalize()
    replicates = found.ahead.sizes[labels.REPLICATE]
    of = f"over its {replicates} replicates" if replicates > 1 else "of the replicate"
    which = row.removeprefix(f"{ANY}, ") if row != ANY else ""
    if rows == 1 or not which:
        return f"{variable} {of}"
    rank = "highest" if found.variable in DISTANCES else "lowest"
    return f"{variable} in {which}, the {rank} of {rows}"


def time_words(row: pd.Series, horizon: int) -> str:
    """When it is first below the level; what lies beyond the horizon is not known.

    Parameters
    ----------
    row : pandas.Series
        Of ``forecast_table``.
    horizon : int

    Examples
    --------
    >>> row = pd.Series({"time 5%": 3.0, "time 50%": 9.0, "time 95%": np.inf})
    >>> time_words(row, 20).replace(_JOIN, " ")
    'It is first below after 9 generations (90 % interval 3 to more than 20).'
    """
    low, middle, high = (float(row[f"time {q}"]) for q in ("5%", "50%", "95%"))
    if middle == 0:
        return "It is below now."
    if np.isinf(low):
        return (
            f"It does not fall below within {horizon} generations (probability above 95{_JOIN}%)."
        )
    upper = f"more than {horizon}" if np.isinf(high) else f"{high:.0f}"
    if np.isinf(middle):
        return (
            f"More probably than not it stays above for all {horizon} generations; the earliest "
            f"5{_JOIN}% of the forecasts are below within {low:.0f}."
        )
    return f"It is first below after {middle:.0f} generations ({_NINETY} {low:.0f} to {upper})."


def dose(found: Findings) -> list[str]:
    """What would keep it up."""
    if isinstance(found.dose, str):
        return [found.dose]
    kept = _percent(_kept_unchanged(found))
    none = _percent(float(found.dose[labels.PROBABILITY_KEPT].sel({labels.DOSE: 0})))
    return [
        _dose_answer(found.dose),
        f"If nothing changes it is kept with probability {kept}; with no dose at all, {none}.",
        *json.loads(found.dose.attrs["remarks"]),
    ]


def _dose_answer(dose: xr.Dataset) -> str:
    attrs, value = dose.attrs, float(dose[labels.DOSE_ANSWER])
    side = "at most" if attrs[labels.VARIABLE] in DISTANCES else "at least"
    variable = str(attrs[labels.VARIABLE])
    of_all = " of every text" if labels.TEXT in labels.variable(variable).dims else ""
    kept = (
        f"{name_of(variable)}{of_all} {side} {number(attrs['target'])} after "
        f"{attrs['horizon']} generations with probability {attrs['probability']:g}"
    )
    most = float(dose[labels.DOSE].max())
    if np.isnan(value):
        best = _percent(float(dose[labels.PROBABILITY_KEPT].max()))
        tried = f"the best that was tried does with {best}"
        return f"No dose does it: none up to {_dosed(dose, most)} keeps {kept}; {tried}."
    if value == 0:
        return f"No dose is needed: without any, {kept} is kept."
    low, high = (float(dose[name]) for name in (labels.DOSE_LOW, labels.DOSE_HIGH))
    upper = number(high) if np.isfinite(high) else f"beyond {number(most)}"
    chance = f"Monte Carlo interval of the smallest one: {number(low)} to {upper}"
    said = f"{_dosed(dose, value)} keeps {kept} ({chance})."
    return said[0].upper() + said[1:]


def _dosed(dose: xr.Dataset, value: float) -> str:
    if str(dose.attrs["vary"]) == labels.NUM_USER_IMAGES:
        images = "image" if value == 1 else "images"
        return f"giving each text {number(value)} real {images} in every update"
    share = number(value)
    return f"injecting a corpus with a share of {share} of the mass in every generation"


def _kept_unchanged(found: Findings) -> float:
    """The share of the forecast's paths that keep the dose's target at its horizon."""
    assert isinstance(found.dose, xr.Dataset)
    last = found.ahead[labels.FORECAST].isel({labels.GENERATION: -1})
    target = float(found.dose.attrs["target"])
    good = last <= target if found.variable in DISTANCES else last >= target
    others = [d for d in last.dims if d not in (labels.CHAIN, labels.DRAW, labels.REPLICATE)]
    return float(good.all(others).mean())


def doubts(found: Findings) -> list[str]:
    """What speaks against the answers: chains that disagree, data that the model contradicts."""
    said = []
    if not found.converged:
        why = "; ".join(json.loads(found.fit.attrs.get("problems", "[]")))
        why = f" ({why})" if why else ""
        said.append(f"The chains of the fit did not come to agree{why}: do not use the numbers.")
    if isinstance(found.check, str):
        said.append(f"The model could not be checked against the data: {found.check}")
    elif str(found.check.attrs["alarm"]) == "true":
        said.append(f"The data contradict the model. {found.check.attrs['answer']}")
    return said


def trust(found: Findings) -> list[str]:
    """Whether to trust it, and what must be known beside."""
    said = doubts(found)
    if not said:
        assert isinstance(found.check, xr.Dataset)
        said = [f"Nothing found against it: the chains agree. {found.check.attrs['answer']}"]
    return [*said, *remarks(found.fit)]


def verdict(found: Findings) -> str:
    """One word or two on whether to trust the page."""
    if not found.converged:
        return "No"
    return "With care" if doubts(found) else "As far as was checked, yes"


def sizes(sizes: dict[str, int], dims: Iterable[str]) -> str:
    """How much there is of everything.

    Examples
    --------
    >>> sizes({"replicate": 2, "generation": 31}, ("replicate", "generation", "text"))
    '2 replicates, 31 generations'
    """
    return ", ".join(f"{sizes[d]} {d}{'s' * (sizes[d] != 1)}" for d in dims if d in sizes)


def _percent(share: float) -> str:
    if 0 < share < 0.01:
        return f"under 1{_JOIN}%"
    return f"over 99{_JOIN}%" if 0.99 < share < 1 else f"{100 * share:.0f}{_JOIN}%"
