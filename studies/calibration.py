"""How often the intervals of the fits hold the truth, and where the models break.

Every model is fitted to data sets from its own law, where it must be calibrated; with deliberate
mistakes, which must be seen; and to loops of the exact simulator, where what is lost is the cost of
the model's approximations: certain and overlapping captions, small batches, texts near extinction.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr

from studies import _study
from studies._study import CAVEAT, FAILS, HOLDS, Result, Verdict
from toolkit import labels, plotting
from toolkit.calibration import MISTAKES, SCENARIOS, calibrate, designs_of, document
from toolkit.models import MODELS, model_of


@dataclass(frozen=True, kw_only=True)
class Config:
    """Settings of the study."""

    models: tuple[str, ...] = tuple(MODELS)
    own: int = 500
    mistaken: int = 200
    simulated: int = 200
    num_warmup: int = 150
    num_draws: int = 495
    all_designs: bool = True
    seed: int = 4


CONFIG = Config()
QUICK: Mapping[str, Any] = {
    "models": ("diversity_decay", "retraining"),
    "own": 40,
    "mistaken": 40,
    "simulated": 40,
    "all_designs": False,
}

OWN, MISTAKEN, SIMULATED = "own law", "deliberate mistakes", "exact simulator"
Results = Mapping[str, xr.Dataset]


def run(config: Config) -> Result:
    """Calibrate every model in all three ways, and draw.

    Parameters
    ----------
    config : Config

    Returns
    -------
    Result
    """
    sections = _sections(config)
    groups = {
        f"{heading.replace(' ', '_')}/{name.replace(': ', '/')}": result
        for heading, results in sections.items()
        for name, result in results.items()
    }
    data = xr.DataTree.from_dict(groups)
    data.attrs["document"] = document(sections)
    return Result(
        data=data,
        figure=_figure(sections),
        finding=_finding(sections),
        verdicts=_verdicts(sections),
    )


def _sections(config: Config) -> dict[str, Results]:
    own, mistaken, simulated = {}, {}, {}
    for name in config.models:
        designs = designs_of(model_of(name))
        for design, sizes in list(designs.items())[: None if config.all_designs else 1]:
            own[f"{name}: {design}"] = _calibrate(config, name, config.own, design=sizes)
        for mistake in MISTAKES[name]:
            mistaken[f"{name}: {mistake}"] = _calibrate(
                config, name, config.mistaken, fitted=mistake
            )
    for scenario in SCENARIOS:
        if scenario.model in config.models:
            simulated[f"{scenario.model}: {scenario.name}"] = _calibrate(
                config, scenario.model, config.simulated, simulator=scenario.name
            )
    return {OWN: own, MISTAKEN: mistaken, SIMULATED: simulated}


def _calibrate(config: Config, model: str, number: int, **same: Any) -> xr.Dataset:
    return calibrate(
        model,
        num_datasets=number,
        seed=config.seed,
        num_warmup=config.num_warmup,
        num_draws=config.num_draws,
        **same,
    )


@plotting.styled
def _figure(sections: Mapping[str, Results]) -> Any:
    rows = [sum(one.sizes[labels.PARAMETER] for one in part.values()) for part in sections.values()]
    figure, axes = plotting.panels(2, 2, size=(15, 4 + 0.16 * (max(rows[:2]) + rows[2])))
    own, mistaken, simulated = (sections[name] for name in (OWN, MISTAKEN, SIMULATED))
    plotting.plot_ecdf_differences(own, ax=axes[0, 0])
    for ax, results, words in (
        (axes[0, 1], own, "Own law"),
        (axes[1, 0], mistaken, "Deliberate mistakes"),
        (axes[1, 1], simulated, "Exact simulator"),
    ):
        plotting.plot_coverage(results, ax=ax)
        # Beside the names of parameters the panel is narrow.
        ax.set_title(f"{words}:\n{ax.get_title('left')}")
    return figure


def _passed(results: Results) -> list[str]:
    return [name for name, result in results.items() if result.attrs["calibrated"]]


def _worst(result: xr.Dataset) -> str:
    """The parameter whose 90 % intervals cover least as promised, in words."""
    coverage = result[labels.COVERAGE].sel({labels.PROBABILITY: 0.9})
    worst = int(np.argmax(abs(coverage.values - 0.9)))
    name = str(result[labels.PARAMETER].values[worst])
    return f"{name} {float(coverage[worst]):.0%}, bias {float(result[labels.BIAS][worst]):+.2f} sd"


def _range(results: Results, name: str) -> tuple[float, float]:
    """Smallest and largest value of a variable over calibrations and parameters."""
    values = np.concatenate([np.ravel(one[name]) for one in results.values()])
    return float(values.min()), float(values.max())


def _finding(sections: Mapping[str, Results]) -> str:
    own, mistaken, simulated = (sections[name] for name in (OWN, MISTAKEN, SIMULATED))
    broken = [name for name in simulated if name not in _passed(simulated)]
    worst = "; ".join(f"{name} ({_worst(simulated[name])})" for name in broken) or "none"
    inner, outer = (
        _range({name: at.sel({labels.PROBABILITY: one}) for name, at in own.items()}, "coverage")
        for one in (0.5, 0.9)
    )
    bias, ratio = _range(own, labels.BIAS), _range(own, labels.SD_RATIO)
    return (
        f"On data from their own law {len(_passed(own))} of {len(own)} calibrations pass at a "
        f"family-wise level of 1 % ({next(iter(own.values())).attrs['num_datasets']} data sets "
        f"each): 50 % intervals cover between {inner[0]:.1%} and {inner[1]:.1%} of the true "
        f"values of a parameter, 90 % intervals between {outer[0]:.1%} and {outer[1]:.1%}; mean "
        f"errors are between {bias[0]:+.2f} and {bias[1]:+.2f} posterior sds, which are "
        f"{ratio[0]:.2f} to {ratio[1]:.2f} of the errors' root mean square. Of {len(mistaken)} "
        f"deliberate mistakes {len(mistaken) - len(_passed(mistaken))} are seen. On the exact "
        f"simulator {len(_passed(simulated))} of {len(simulated)} scenarios pass; those that do "
        f"not, with the parameter whose 90 % intervals are worst: {worst}."
    )


def _verdicts(sections: Mapping[str, Results]) -> dict[str, Verdict]:
    own, mistaken, simulated = (sections[name] for name in (OWN, MISTAKEN, SIMULATED))
    unseen = _passed(mistaken)
    wrong = [name for name in own if name not in _passed(own)]
    expected = {f"{one.model}: {one.name}" for one in SCENARIOS if not one.breaks}
    broken = [name for name in simulated if name in expected and name not in _passed(simulated)]
    return {
        "Every model is calibrated on its own law": Verdict(
            FAILS if wrong else HOLDS,
            f"Not calibrated: {', '.join(wrong) or 'none'}, of {len(own)}.",
        ),
        "Deliberate mistakes are seen": Verdict(
            CAVEAT if unseen else HOLDS, f"Not seen: {', '.join(unseen) or 'none'}."
        ),
        "Where the assumptions hold, the exact simulator's causes are inside the intervals": (
            Verdict(
                CAVEAT if broken else HOLDS,
                f"Not calibrated: {', '.join(broken) or 'none'}, of "
                f"{len(expected & set(simulated))}.",
            )
        ),
    }


def main(argv: Sequence[str] | None = None) -> int:
    """Run from the command line."""
    return _study.main("calibration", argv)


if __name__ == "__main__":
    raise SystemExit(main())
