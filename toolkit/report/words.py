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
from toolkit.forecast.summary import summary_table
from toolkit.forecast.tables import ANY
from toolkit.inference import remarks
from toolkit.report.gathering import Findings
from toolkit.report.markup import number


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
        f"{what} halves in {number(half['50%'])} generations (90 % interval {number(half['5%'])} "
        f"to {number(half['95%'])}): a factor of {number(factor['50%'], 4)} per generation "
        f"({number(factor['5%'], 4)} to {number(factor['95%'], 4)})."
    )


def causes(found: Findings) -> str:
    """What it is lost to: the sentences of the summary."""
    return str(found.summary.attrs["answer"])


def heading(found: Findings) -> list[str]:
    """Where it goes from here, and when it is below the level."""
    table = forecast_table(found.ahead)
    whole = [at for at in table.index if str(at).startswith(ANY)]
    rows = table.loc[whole] if whole else table
    lowest = rows["expected"].idxmin()
    row = rows.loc[lowest]
    who = _who(str(lowest), len(rows), found)
    interval = f"90 % interval {number(row['5%'])} to {number(row['95%'])}"
    expected = f"expected at {number(row['expected'])} after {found.horizon} generations"
    said = [f"{who}: {number(row['now'])} now, {expected} ({interval})."]
    if found.level is not None:
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
    return f"{variable}, lowest of {rows} in {which}"


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
    >>> time_words(row, 20)
    'It is first below after 9 generations (90 % interval 3 to more than 20).'
    """
    low, middle, high = (float(row[f"time {q}"]) for q in ("5%", "50%", "95%"))
    if middle == 0:
        return "It is below now."
    if np.isinf(low):
        return f"It does not fall below within {horizon} generations (probability above 95 %)."
    upper = f"more than {horizon}" if np.isinf(high) else f"{high:.0f}"
    if np.isinf(middle):
        return (
            f"That is first so after more than {horizon} generations, more probably than not; with "
            f"a probability of 5 % within {low:.0f}."
        )
    return f"It is first below after {middle:.0f} generations (90 % interval {low:.0f} to {upper})."


def dose(found: Findings) -> list[str]:
    """What would keep it up."""
    if isinstance(found.dose, str):
        return [found.dose]
    attrs = found.dose.attrs
    vary, answer = str(attrs["vary"]), str(attrs["answer"])
    every = ", injected in every generation," if json.loads(attrs["given"]) else ""
    answer = answer.replace(vary, name_of(vary) + every, 1).replace(
        found.variable, name_of(found.variable)
    )
    none = float(found.dose[labels.PROBABILITY_KEPT].sel({labels.DOSE: 0}))
    kept = _percent(_kept_unchanged(found))
    unchanged = f"If nothing changes it is kept with probability {kept}; with a dose of 0 with "
    return [
        answer[0].upper() + answer[1:],
        f"{unchanged}{_percent(none)}.",
        *json.loads(attrs["remarks"]),
    ]


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
        said.append(f"The chains of the fit did not come to agree ({why}): do not use the numbers.")
    if isinstance(found.check, str):
        said.append(f"The model could not be checked against the data: {found.check}")
    elif str(found.check.attrs["alarm"]) == "true":
        said.append(f"The model contradicts the data. {found.check.attrs['answer']}")
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
        return "under 1 %"
    return "over 99 %" if 0.99 < share < 1 else f"{100 * share:.0f} %"
