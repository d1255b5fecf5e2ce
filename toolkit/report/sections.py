"""The sections of a report, each made of what was found."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr

from toolkit import labels
from toolkit.criticism import check_table
from toolkit.forecast import forecast_table
from toolkit.forecast.dosing import DISTANCES
from toolkit.forecast.summary import summary_table
from toolkit.inference import fit_table, remarks
from toolkit.report import figures, words
from toolkit.report.gathering import Findings
from toolkit.report.grounds import grounds_of
from toolkit.report.markup import Html, cell, frame, items, joined, number, table, tag
from toolkit.report.source import notes

#: Rows of a forecast that are shown; its file holds all of them.
_MOST_ROWS = 25


def rests_on(found: Findings, what: str) -> Html:
    """The theorems behind a number, with the sense in which it rests on them."""
    lines = [
        tag("span", joined(map(theorem_link, one.theorems), ", "), f": {one.words}.")
        for one in grounds_of(found, what)
    ]
    if not lines:
        return Html("")
    return tag("p", "Rests on ", joined(lines, " "), class_="ground")


def theorem_link(name: str) -> Html:
    """A link to the theorem's statement on the same page."""
    return tag("a", tag("code", name), href=f"#theorem-{name}")


def answer(found: Findings) -> Iterator[Html]:
    """The answers first, in plain sentences."""
    rows = (
        ("How fast is it lost?", [words.rate(found)], "rate"),
        ("To what?", words.causes(found), "causes"),
        ("Where is it heading?", words.heading(found), "forecast"),
        ("What would stop it?", words.dose(found), "dose"),
        (f"Can this be trusted? {words.verdict(found)}.", words.trust(found), ""),
    )
    if not found.converged:
        yield tag("p", tag("strong", words.doubts(found)[0]), class_="warning")
    for question, said, what in rows:
        yield tag("h3", question)
        yield tag("p", " ".join(said)) if what else items(said)
        grounded = what and (what != "dose" or isinstance(found.dose, xr.Dataset))
        if grounded:
            yield rests_on(found, what)


def observed(found: Findings) -> Iterator[Html]:
    """What was observed, and what was left out."""
    # A fit keeps what its law speaks of; the trajectory, where it was given, holds the rest too.
    seen = found.source.trajectory
    data = found.fit["observed_data"].to_dataset() if seen is None else seen
    count = words.sizes(
        {str(d): n for d, n in data.sizes.items()},
        (labels.REPLICATE, labels.GENERATION, labels.TEXT, labels.COMPONENT, labels.FEATURE),
    )
    held = ", ".join(_named(data[name]) for name in data.data_vars)
    origin = Path(found.source.name).name if found.source.name else "numbers in memory"
    used = ", as the fit used it" if seen is None else ""
    yield tag("p", f"From {origin}{used}: {held}; {count}.")
    generation = data[labels.GENERATION].values
    unusual = [*notes(seen), *(_gaps(generation) if seen is None else []), *_missing(data)]
    yield items(unusual) or tag("p", "There are no gaps, and nothing is missing.")
    drawn = figures.observed(found)
    if drawn is not None:
        name = words.name_of(found.variable)
        values = found.ahead[labels.OBSERVED_VALUE].values
        first, last = (np.nanmean(np.take(values, at, axis=1)) for at in (0, -1))
        each = " and ".join(
            str(d) for d in found.ahead[labels.FORECAST_MEAN].dims if d != labels.GENERATION
        )
        alt = (
            f"{name} against the generation, a line for each {each}, from {number(first)} on "
            f"average at generation {generation[0]} to {number(last)} at {generation[-1]}."
        )
        several = found.ahead[labels.FORECAST_MEAN].isel({labels.GENERATION: -1}).size > 1
        lines = f": each {each} (grey) and their mean (blue)" if several else ""
        caption = f"Observed {name}{lines}."
        yield figures.figure(drawn, alt, caption)


def _named(variable: xr.DataArray) -> str:
    words = str(variable.attrs.get("long_name", variable.name))
    return words if words == variable.name else f"{variable.name} ({words})"


def _gaps(generation: np.ndarray) -> list[str]:
    at = np.flatnonzero(np.diff(generation) > 1)
    if not at.size:
        return []
    first = f"the first between {generation[at[0]]} and {generation[at[0] + 1]}"
    return [f"{at.size} gap{'s' * (at.size > 1)} between the generations, {first}."]


def _missing(data: xr.Dataset) -> list[str]:
    found = []
    for name, variable in data.data_vars.items():
        missing = int(np.isnan(variable.values).sum()) if variable.dtype.kind == "f" else 0
        if missing:
            found.append(f"{missing} of {variable.size} values of {name} are missing.")
    return found


def fitted(found: Findings) -> Iterator[Html]:
    """What was inferred, how, and from which priors; what the loss is due to."""
    yield tag("p", f"The model {found.model} was fitted to what was observed.")
    yield rests_on(found, "fit")
    quantities = fit_table(found.fit)
    if quantities.empty:
        yield tag("p", "Every number was known: nothing was inferred.")
    else:
        shown = quantities[["5%", "50%", "95%", "mean", "sd"]]
        rows = ([_described(str(at)), *row] for at, row in zip(shown.index, shown.values.tolist(),
                                                               strict=True))  # fmt: skip
        caption = "What was inferred: median, central 90 % interval, mean and sd of the posterior"
        yield table(["quantity", *map(str, shown.columns)], rows, caption)
    said = remarks(found.fit)
    if said:
        yield tag("p", "What must be known as well:")
        yield items(said)
    yield from _priors(found)
    yield from _settings(found)
    yield tag("h3", "What the loss is due to", id="causes")
    yield from _causes(found)


def _described(name: str) -> Html:
    """A quantity with its units and what it is."""
    label = labels.PARAMETERS.get(name.partition("[")[0])
    if label is None:
        return tag("code", name)
    units = f" [{label.units}]" if label.units != "1" else ""
    return joined([tag("code", name), tag("br"), tag("small", f"{label.long_name}{units}")])


def _priors(found: Findings) -> Iterator[Html]:
    drawn = figures.priors_and_posteriors(found.fit) if "prior" in found.fit.children else None
    if drawn is not None:
        caption = "What was assumed before (line) and what is known now (filled)."
        alt = "Histograms of prior and posterior of every number that was inferred."
        yield figures.figure(drawn, alt, caption)
    priors = json.loads(found.fit.attrs.get("priors", "{}"))
    if priors:
        yield table(["parameter", "prior"], priors.items(), "Priors, or numbers that were known")


def _settings(found: Findings) -> Iterator[Html]:
    attrs = found.fit.attrs
    settings = json.loads(attrs.get("settings", "{}"))
    options = json.loads(attrs.get("options", "{}"))
    told = [f"seed {attrs['seed']}", *(f"{k} {v}" for k, v in {**settings, **options}.items())]
    if int(attrs.get("tries", 1)) > 1:
        told.append("begun anew after a first, shorter try whose chains did not agree")
    yield tag("p", f"How it was fitted: {', '.join(told)} (NUTS, by NumPyro).")


def _causes(found: Findings) -> Iterator[Html]:
    drawn = figures.causes(found)
    if drawn is None:
        yield tag("p", str(found.summary.attrs["answer"]))
        return
    alt = f"Bars of the loss due to each cause. {' '.join(words.causes(found))}"
    caption = (
        "Each cause is switched off in the fitted loop, and the loss compared: medians and "
        "central 90 % intervals."
    )
    yield figures.figure(drawn, alt, caption)
    yield tag("p", str(found.summary.attrs["answer"]))
    yield frame(summary_table(found.summary), "quantity", "The loss and its causes, by quantiles")
    yield rests_on(found, "causes")


def checks(found: Findings) -> Iterator[Html]:
    """Whether the chains agree, and whether the model describes the data."""
    yield tag("h3", "The chains")
    quantities = fit_table(found.fit)
    state = "came to agree" if found.converged else "did not come to agree"
    sampled = found.fit["posterior"].sizes
    told = f"{sampled['chain']} chains of {sampled['draw']} draws {state}; divergent transitions: "
    yield tag("p", f"{told}{found.fit.attrs.get('divergences', 'unknown')}.")
    yield items(json.loads(found.fit.attrs.get("problems", "[]")))
    if not quantities.empty:
        shown = quantities[["ess_bulk", "ess_tail", "r_hat"]].copy()
        shown[["ess_bulk", "ess_tail"]] = shown[["ess_bulk", "ess_tail"]].round(0)
        caption = "Effective draws (at least 100 for each chain) and R-hat (at most 1.01)"
        heads = {"ess_bulk": "effective draws", "ess_tail": "in the tails", "r_hat": "R-hat"}
        yield frame(shown, "quantity", caption, **heads)
        drawn = figures.traces(found.fit)
        if drawn is not None:
            alt = "The draws of every chain in order, for every number that was inferred."
            yield figures.figure(drawn, alt, "Chains that agree lie over one another.")
    yield tag("h3", "Data drawn from the fit")
    if isinstance(found.check, str):
        yield tag("p", f"This could not be done: {found.check}")
        return
    yield tag("p", str(found.check.attrs["answer"]))
    caption = "Statistics of the data, in sds from what the fit predicts; within the band is usual."
    yield figures.figure(figures.predictive_check(found.check), _check_alt(found.check), caption)
    names = ["data", "mean predicted", "sd predicted", "p-value", "corrected"]
    shown = check_table(found.check)
    shown.columns = pd.Index(names)
    yield frame(shown, "statistic", "Posterior predictive checks; p-values corrected by Holm")


def _check_alt(check: xr.Dataset) -> str:
    worst = check.isel({labels.STATISTIC: int(check[labels.P_VALUE].values.argmin())})
    return (
        f"{check.sizes[labels.STATISTIC]} statistics; the least probable is "
        f"{worst[labels.STATISTIC].item()}, p-value {number(float(worst[labels.P_VALUE]))}."
    )


def ahead(found: Findings) -> Iterator[Html]:
    """The forecast: fan chart, table, time to the level."""
    yield tag("p", " ".join(words.heading(found)))
    drawn, shown = figures.fans(found)
    which = "; ".join(", ".join(f"{dim} {value}" for dim, value in one.items()) for one in shown)
    alt = f"Fan charts of {words.name_of(found.variable)}, of {which}. {words.heading(found)[0]}"
    total = found.ahead[labels.FORECAST_MEAN].isel({labels.GENERATION: -1}).size
    rank = "highest" if found.variable in DISTANCES else "lowest"
    some = f" (those that are expected {rank})" if total > len(shown) else ""
    yield figures.figure(drawn, alt, f"Observed, then forecast with 50 % and 90 % intervals{some}.")
    table_ = forecast_table(found.ahead)
    yield _forecast_rows(table_, found)
    if len(table_) > _MOST_ROWS:
        yield tag("p", f"{len(table_) - _MOST_ROWS} more rows are left out.")
    beyond = f"; > {found.horizon}: not within the horizon" if found.level is not None else ""
    yield tag("p", f"Times count generations from the last one observed{beyond}.")
    if labels.MEASURED in found.ahead:
        yield tag("p", "The forecast is of the score itself, without the noise of a measurement.")
    yield rests_on(found, "forecast")


def _forecast_rows(data: pd.DataFrame, found: Findings) -> Html:
    heads = [f"below {number(found.level)}" if str(c) == "below" and found.level else str(c)
             for c in data.columns]  # fmt: skip
    rows = []
    for at, row in list(zip(data.index, data.to_dict("records"), strict=True))[:_MOST_ROWS]:
        values = [
            f"> {found.horizon}" if str(name).startswith("time") and np.isinf(value) else value
            for name, value in row.items()
        ]
        rows.append([str(at), *values])
    last = found.ahead[labels.GENERATION].values[-1]
    return table(["", *heads], rows, f"Expected at generation {last}, with 90 % interval")


def dosing(found: Findings) -> Iterator[Html]:
    """How little fresh data keeps it up."""
    if isinstance(found.dose, str):
        yield tag("p", found.dose)
        return
    yield tag("p", " ".join(words.dose(found)))
    attrs = found.dose.attrs
    what = words.name_of(str(attrs["vary"]))
    caption = (
        f"The probability to keep {words.name_of(found.variable)} at its target "
        f"{attrs['target']:g} at generation {attrs['horizon']} from now, by {what}."
    )
    alt = f"{caption} {words.dose(found)[0]}"
    yield figures.figure(figures.dose_response(found.dose), alt, caption)
    if labels.CLOSED_FORM in found.dose:
        quick = [float(value) for value in found.dose[labels.CLOSED_FORM].values]
        low, middle, high = (cell(q) if np.isfinite(q) else "none does it" for q in quick)
        ends = f" ({low} to {high})" if np.isfinite(quick[0]) else ""
        yield tag(
            "p",
            f"The closed form, for the mean in the long run under drift alone: {middle}{ends}, by ",
            theorem_link(str(found.dose[labels.CLOSED_FORM].attrs["theorem"])),
            ". It says nothing of a probability, nor of a horizon.",
        )
    yield rests_on(found, "dose")
