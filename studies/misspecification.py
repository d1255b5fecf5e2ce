"""What each model reports when the loop does something that it does not know.

Loops of small explicit simulations, each fitted many times: some do what the model assumes, the
others inject new texts instead of a fixed corpus, temper or curate what is sampled, divide
covariances by n, or let the batch size drift. For each: how far the reported causes are off, how
often their intervals cover, and how often ``check_fit`` raises the alarm, beside its false alarms.
``coevolution`` is not among them: its likelihood is that of ``text_drift`` and
``image_contraction``, term by term, and so are the statistics of its check.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr
from scipy import stats

from studies import _study
from studies._study import CAVEAT, FAILS, HOLDS, Result, Verdict
from toolkit import labels, plotting
from toolkit.criticism.many import Judged, judge_many
from toolkit.criticism.unknown_loops import INJECTED_SHARE, UNKNOWN_LOOPS, UnknownLoop


@dataclass(frozen=True, kw_only=True)
class Config:
    """Settings of the study."""

    models: tuple[str, ...] = ("text_drift", "image_contraction", "diversity_decay", "retraining")
    num_datasets: int = 60
    num_warmup: int = 200
    num_draws: int = 400
    seed: int = 23


CONFIG = Config()
QUICK: Mapping[str, Any] = {
    "models": ("retraining",),
    "num_datasets": 12,
    "num_warmup": 100,
    "num_draws": 150,
}

#: That ``check_fit`` promises for false alarms, and that of the intervals.
ALARM_LEVEL, LEVEL = 0.05, 0.9
LOOP, CAUSE, STATISTIC, DATASET = "loop", "cause", "statistic", "dataset"
CAUSES = (
    labels.EFFECTIVE_BATCH_SIZE,
    labels.TEXT_TEMPERATURE,
    INJECTED_SHARE,
    labels.SHRINKAGE_FACTOR,
    labels.CONTRACTION_FACTOR,
    labels.FLOOR,
)
#: An interval that covers in fewer cases misleads; an alarm in fewer leaves the user alone.
_MISLEADS, _SEEN = 0.5, 0.5


def run(config: Config) -> Result:
    """Draw, fit and check the data sets of every loop, and draw the figure.

    Parameters
    ----------
    config : Config

    Returns
    -------
    Result
    """
    loops = [loop for loop in UNKNOWN_LOOPS if loop.model in config.models]
    judged = [
        judge_many(
            loop,
            config.num_datasets,
            seed=config.seed + index,
            num_warmup=config.num_warmup,
            num_draws=config.num_draws,
        )
        for index, loop in enumerate(loops)
    ]
    found = _table(loops, judged)
    return Result(
        data=xr.DataTree.from_dict({"loops": found}),
        figure=_figure(found),
        finding=_finding(found),
        verdicts=_verdicts(found),
    )


def _table(loops: Sequence[UnknownLoop], judged: Sequence[Judged]) -> xr.Dataset:
    """Bias, coverage and alarms of every loop; NaN where a model reports no such cause."""
    blank = np.full((len(loops), len(CAUSES)), np.nan)
    bias, cover, truth, mean = (blank.copy() for _ in range(4))
    for row, one in enumerate(judged):
        for name, true in one.truth.items():
            column = CAUSES.index(name)
            bias[row, column] = np.mean((one.mean[name] - true) / one.sd[name])
            cover[row, column] = np.mean((one.low[name] <= true) & (true <= one.high[name]))
            truth[row, column], mean[row, column] = true, np.mean(one.mean[name])
    alarms = np.array([one.alarm.sum() for one in judged])
    number = len(judged[0].alarm)
    ends = [stats.binomtest(int(count), number).proportion_ci() for count in alarms]
    statistics = list(dict.fromkeys(name for one in judged for name in one.p_value))
    single = [
        [np.nanmean(one.p_value[name] < 0.01) if name in one.p_value else np.nan for name in
         statistics]
        for one in judged
    ]  # fmt: skip
    return xr.Dataset(
        {
            "true": ((LOOP, CAUSE), truth),
            "found": ((LOOP, CAUSE), mean),
            "bias": ((LOOP, CAUSE), bias, {"long_name": "mean error in posterior sds"}),
            "coverage": ((LOOP, CAUSE), cover, {"long_name": "coverage of 90 % intervals"}),
            "alarms": (LOOP, alarms / number, {"long_name": "share of data sets with an alarm"}),
            "alarms_low": (LOOP, [end.low for end in ends]),
            "alarms_high": (LOOP, [end.high for end in ends]),
            "single_alarms": ((LOOP, STATISTIC), single, {"long_name": "share with p < .01"}),
        },
        coords={
            LOOP: [f"{loop.model}: {loop.name}" for loop in loops],
            "summary": (LOOP, [loop.summary for loop in loops]),
            "assumed": (LOOP, [loop.assumed for loop in loops]),
            CAUSE: list(CAUSES),
            STATISTIC: statistics,
        },
        attrs={"num_datasets": number},
    )


@plotting.styled
def _figure(found: xr.Dataset) -> Any:
    rows = found.sizes[LOOP]
    height = np.arange(rows)
    figure, axes = plotting.panels(1, 3, size=(13, 2.1 + 0.3 * rows), sharey=True)
    blue, red = plotting.colours(2)
    colour = np.where(found["assumed"], blue, red)
    ax = axes[0][0]
    ax.hlines(height, found["alarms_low"], found["alarms_high"], color=colour, lw=2.5)
    ax.scatter(found["alarms"], height, color=colour, s=18, zorder=3)
    ax.axvline(ALARM_LEVEL, color="0.3", lw=1, ls=(0, (5, 1.5)))
    ax.set_xlim(-0.02, 1.02)
    ax.set_yticks(height, found[LOOP].values)
    ax.set_ylim(rows - 0.5, -0.5)
    ax.set_ylabel("model: loop")
    ax.set_xlabel("share of data sets")
    ax.set_title("Alarms of check_fit\n(blue: loops as assumed)")
    _dots(axes[0][1], found["bias"], "mean error, in posterior sds")
    axes[0][1].set_xscale("symlog", linthresh=3)
    axes[0][1].set_xticks([-30, -10, -3, -1, 0, 1, 3, 10], ["-30", "-10", "-3", "-1", "0", "1",
                                                           "3", "10"])  # fmt: skip
    axes[0][1].axvline(0, color="0.3", lw=1)
    axes[0][1].set_title("Bias of what is reported")
    _dots(axes[0][2], found["coverage"], "share that hold the truth")
    axes[0][2].axvline(LEVEL, color="0.3", lw=1, ls=(0, (5, 1.5)))
    axes[0][2].set_xlim(-0.03, 1.03)
    axes[0][2].set_title("90 % intervals")
    axes[0][2].legend(loc="upper left", bbox_to_anchor=(1.0, 1.0), title="reported")
    return figure


def _dots(ax: Any, values: xr.DataArray, words: str) -> None:
    """A mark for each cause, one beside the other."""
    marks = "osD^vP"
    known = [name for name in CAUSES if np.isfinite(values.sel({CAUSE: name})).any()]
    for index, name in enumerate(known):
        row = np.arange(values.sizes[LOOP]) + 0.18 * (index % 3 - 1)
        ax.plot(
            values.sel({CAUSE: name}),
            row,
            marks[CAUSES.index(name)],
            color=plotting.colours(len(CAUSES))[CAUSES.index(name)],
            ms=4.5,
            label=name.replace("_", " "),
        )
    ax.set_xlabel(words)
    ax.set_ylabel("loop")


def _misled(found: xr.Dataset) -> xr.DataArray:
    """Loops of which some report misleads."""
    return found["coverage"].min(CAUSE) < _MISLEADS


def _words(found: xr.Dataset, chosen: xr.DataArray) -> str:
    return "; ".join(
        f"{one[LOOP].item()} ({float(one['alarms']):.0%})"
        for one in (found.isel({LOOP: int(at)}) for at in np.flatnonzero(chosen))
    )


def _finding(found: xr.Dataset) -> str:
    number = found.attrs["num_datasets"]
    assumed = found["assumed"]
    false = float(found["alarms"].where(assumed).mean())
    misled, seen = _misled(found) & ~assumed, found["alarms"] >= _SEEN
    first = (
        f"Over {number} data sets of each loop, check_fit raises a false alarm in {false:.1%} of "
        f"fits to loops as assumed (promised: at most {ALARM_LEVEL:.0%})."
    )
    parts = [first]
    for words, chosen in (
        ("Reports mislead, and the alarm tells (share of alarms)", misled & seen),
        ("Reports mislead, and mostly no alarm tells", misled & ~seen),
        ("Something is unknown, yet reports still cover", ~misled & ~assumed),
    ):
        if bool(chosen.any()):
            parts.append(f"{words}: {_words(found, chosen)}.")
    worst = found["bias"].where(misled)
    for at in np.flatnonzero(misled):
        row = worst.isel({LOOP: int(at)})
        cause = CAUSES[int(np.nanargmax(np.abs(row.values)))]
        where = {LOOP: int(at)}
        true, mean = (
            float(found[name].isel(where).sel({CAUSE: cause})) for name in ("true", "found")
        )
        parts.append(
            f"In {found[LOOP].values[at]} ({found['summary'].values[at]}) {cause} is reported as "
            f"{mean:.3g} on average where {true:.3g} is true."
        )
    return " ".join(parts)


def _verdicts(found: xr.Dataset) -> dict[str, Verdict]:
    number, assumed = found.attrs["num_datasets"], found["assumed"].values
    false = round(float(found["alarms"].values[assumed].sum()) * number)
    total = number * int(assumed.sum())
    p_value = stats.binomtest(false, total, ALARM_LEVEL, alternative="greater").pvalue
    verdicts = {
        "False alarms are as rare as promised": Verdict(
            HOLDS if p_value > 0.01 else FAILS,
            f"{false} of {total} fits to loops as assumed raise an alarm, at most "
            f"{ALARM_LEVEL:.0%} promised.",
        )
    }
    covered = found["coverage"].values[assumed]
    counts = covered[np.isfinite(covered)] * number
    right = round(float(counts.sum()))
    verdicts["Loops as assumed are reported as they are"] = Verdict(
        HOLDS if right / (counts.size * number) > LEVEL - 0.05 else CAVEAT,
        f"{right} of {counts.size * number} intervals of 90 % hold the truth.",
    )
    misled = (_misled(found) & ~found["assumed"]).values
    seen = misled & (found["alarms"].values >= _SEEN)
    unseen = "; ".join(found[LOOP].values[misled & ~seen])
    outcome = HOLDS if (seen == misled).all() else CAVEAT if seen.any() else FAILS
    verdicts["An alarm tells where reports mislead"] = Verdict(
        outcome,
        f"Of {int(misled.sum())} loops with a report that covers in less than half of the data "
        f"sets, {int(seen.sum())} raise the alarm in at least half"
        + (f"; not seen: {unseen}." if unseen else "."),
    )
    return verdicts


def main(argv: Sequence[str] | None = None) -> int:
    """Run from the command line."""
    return _study.main("misspecification", argv)


if __name__ == "__main__":
    raise SystemExit(main())
