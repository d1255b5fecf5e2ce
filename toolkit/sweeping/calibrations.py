"""``sweep_calibrate``: a calibration in each cell of a grid of its options."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import xarray as xr

from toolkit import labels
from toolkit.calibration import calibrate
from toolkit.calibration.scenarios import scenario_of
from toolkit.calibration.settings import OWN, mistake
from toolkit.models import model_of
from toolkit.sweeping.changes import changed
from toolkit.sweeping.grid import Cell, plain
from toolkit.sweeping.running import run_sweep

_FIELDS = (
    "simulator",
    "fitted",
    "design",
    "priors",
    "options",
    "num_warmup",
    "num_draws",
    "false_alarm",
)
_TABLES = ("design", "priors", "options")
_COMMON = (*_FIELDS, "num_ranks")


@dataclasses.dataclass(frozen=True, kw_only=True)
class CalibrateTask:
    """Calibrate the fits of a model in each cell (see :func:`toolkit.calibrate`)."""

    model: str
    num_datasets: int
    arguments: Mapping[str, Any]

    @property
    def fields(self) -> tuple[str, ...]:
        """Arguments of ``calibrate``; single ones of a table as ``options.NAME``."""
        return _FIELDS

    @property
    def seeds(self) -> tuple[str, ...]:
        """One, of the calibration."""
        return (labels.CELL_SEED,)

    def describe(self) -> dict[str, Any]:
        """The arguments common to all cells."""
        common = {"model": self.model, "num_datasets": self.num_datasets, **self.arguments}
        return {"calibrate": plain(common)}

    def arguments_of(self, cell: Cell) -> dict[str, Any]:
        """The arguments of a cell."""
        arguments = dict(self.arguments)
        inside: dict[str, dict[str, Any]] = {}
        for path, value in cell.changes.items():
            head, _, name = path.partition(".")
            if head in _TABLES and name:
                inside.setdefault(head, {})[name] = value
            elif name or head in _TABLES:
                raise ValueError(f"{path} cannot be swept over; {head} takes {head}.NAME.")
            else:
                arguments[head] = value
        for head in ("priors", "options"):
            if head in inside:
                arguments[head] = {**(arguments.get(head) or {}), **inside[head]}
        if "design" in inside:
            design = arguments.get("design") or model_of(self.model).design
            arguments["design"] = changed(design, inside["design"])
        return arguments

    def check(self, cell: Cell) -> None:
        """Look up the names of scenarios and mistakes."""
        arguments = self.arguments_of(cell)
        if arguments.get("simulator", OWN) != OWN:
            scenario_of(self.model, arguments["simulator"])
        if isinstance(arguments.get("fitted"), str):
            mistake(self.model, arguments["fitted"])

    def blank(self, cell: Cell) -> None:
        """Known after the first calibration."""

    def of(self, cell: Cell) -> CalibrateTask:
        """All of it."""
        return self

    def run(self, cell: Cell) -> xr.Dataset:
        """Calibrate; the verdict on all parameters becomes a variable."""
        found = calibrate(
            self.model,
            num_datasets=self.num_datasets,
            seed=cell.seeds[0],
            progress=False,
            **self.arguments_of(cell),
        )
        words = {
            labels.CALIBRATED: bool(found.attrs["calibrated"]),
            labels.VERDICT_OF_ALL: str(found.attrs[labels.VERDICT]),
        }
        return found.assign(
            {name: ((), value, labels.SWEEPS[name].attrs) for name, value in words.items()}
        )


def sweep_calibrate(
    model: str,
    *,
    over: Mapping[str, Any],
    num_datasets: int,
    seed: int,
    out: str | Path | None = None,
    cluster: int | str | None = None,
    resume: bool = False,
    overwrite: bool = False,
    progress: bool = True,
    **arguments: Any,
) -> xr.Dataset:
    """Calibrate the fits of a model in each cell of a grid of options.

    Parameters
    ----------
    model : str
        One of ``toolkit.models.MODELS``.
    over : mapping
        From an argument of :func:`toolkit.calibrate` (``"simulator"``, ``"fitted"``,
        ``"num_draws"``, ``"options.NAME"``, ``"design.NAME"``) to its values; tables as of
        :func:`toolkit.sweep`.
    num_datasets : int
        Of each cell.
    seed, out, cluster, resume, overwrite, progress
        As of :func:`toolkit.sweep`.
    **arguments
        Of :func:`toolkit.calibrate`, common to all cells.

    Returns
    -------
    xr.Dataset
        The grid's dims, then those of ``calibrate``: its table and its ranks; ``calibrated`` and
        ``verdict_of_all`` of each cell.

    Raises
    ------
    ValueError
        As of :func:`toolkit.sweep`.

    Examples
    --------
    >>> import toolkit as tk
    >>> found = tk.sweep_calibrate("retraining", over={"false_alarm": [0.01, 0.05]},
    ...                            num_datasets=20, seed=1, num_draws=100, num_ranks=20,
    ...                            progress=False)
    >>> found["rank"].dims
    ('false_alarm', 'dataset', 'parameter')
    """
    chosen = model_of(model)
    unknown = [name for name in arguments if name not in _COMMON]
    if unknown:
        raise ValueError(f"unknown argument {unknown[0]!r}; known: {', '.join(_COMMON)}.")
    task = CalibrateTask(model=chosen.name, num_datasets=num_datasets, arguments=arguments)
    return run_sweep(
        task,
        over,
        seed=seed,
        out=out,
        cluster=cluster,
        resume=resume,
        overwrite=overwrite,
        progress=progress,
    )
