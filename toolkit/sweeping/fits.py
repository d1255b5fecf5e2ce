"""``sweep_fit``: a fit in each cell of a grid, of what is simulated there or of given data."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from toolkit import labels
from toolkit.inference import fit
from toolkit.inference.checks import diagnose
from toolkit.inference.priors import split_arguments
from toolkit.models import model_of
from toolkit.sweeping.changes import fields_of
from toolkit.sweeping.grid import Cell, plain
from toolkit.sweeping.running import run_sweep
from toolkit.sweeping.sweeps import read_sweep
from toolkit.sweeping.tasks import SimulateTask
from toolkit.systems import Configuration

_SIMULATE = tuple(name for name in fields_of(SimulateTask) if name != "system")


@dataclasses.dataclass(frozen=True, kw_only=True)
class FitTask:
    """Fit a model in each cell.

    Attributes
    ----------
    data : SimulateTask, Path or xr.Dataset
        What simulates the data, or a sweep of trajectories (its path).
    dims : tuple of str
        The grid's, where the data are given.
    model : str
    settings : dict
        Numbers of chains, draws, ..., priors and options.
    """

    data: SimulateTask | Path | xr.Dataset
    dims: tuple[str, ...] = ()
    model: str
    settings: Mapping[str, Any]

    @property
    def fields(self) -> tuple[str, ...]:
        """Those of the system, or the dims of the given data."""
        return self.data.fields if isinstance(self.data, SimulateTask) else self.dims

    @property
    def seeds(self) -> tuple[str, ...]:
        """Of the simulation, if there is one, and of the fit."""
        own = self.data.seeds if isinstance(self.data, SimulateTask) else ()
        return (*own, labels.FIT_SEED)

    def describe(self) -> dict[str, Any]:
        """Where the data come from, and the settings."""
        fitted = {"model": self.model, **plain(self.settings)}
        if isinstance(self.data, SimulateTask):
            return {**self.data.describe(), "fit": fitted}
        source = str(self.data) if isinstance(self.data, Path) else "a dataset"
        return {"data": source, "fit": fitted}

    def check(self, cell: Cell) -> None:
        """Check what would be simulated."""
        if isinstance(self.data, SimulateTask):
            self.data.check(cell)

    def blank(self, cell: Cell) -> None:
        """Known after the first fit: what there is to infer depends on the data."""

    def of(self, cell: Cell) -> FitTask:
        """With the cell's data alone."""
        if not isinstance(self.data, xr.Dataset):
            return self
        return dataclasses.replace(self, data=self._given(cell))

    def run(self, cell: Cell) -> xr.Dataset:
        """Fit, and keep as many draws as were asked for."""
        source = self.data
        data = source.run(cell) if isinstance(source, SimulateTask) else self._given(cell)
        return _kept(fit(data, self.model, seed=cell.seeds[-1], **self.settings), self.settings)

    def _given(self, cell: Cell) -> xr.Dataset:
        assert not isinstance(self.data, SimulateTask)
        whole = read_sweep(self.data) if isinstance(self.data, Path) else self.data
        place = dict(zip(self.dims, cell.position, strict=True))
        one = whole.isel(place, missing_dims="ignore").reset_coords(drop=True)
        return one.drop_attrs(deep=False).load()


def sweep_fit(
    data: Configuration | xr.Dataset | str | Path,
    model: str,
    *,
    seed: int,
    over: Mapping[str, Any] | None = None,
    out: str | Path | None = None,
    cluster: int | str | None = None,
    resume: bool = False,
    overwrite: bool = False,
    progress: bool = True,
    simulate: Mapping[str, Any] | None = None,
    **settings: Any,
) -> xr.Dataset:
    """Fit a model in each cell of a grid.

    Parameters
    ----------
    data : CoevolvingSystem, xr.Dataset or path
        A system, which is simulated in each cell, or trajectories with the dims of a grid: what
        :func:`toolkit.sweep` returned, or its store.
    model : str
        One of ``toolkit.models.MODELS``.
    seed, out, cluster, resume, overwrite, progress
        As of :func:`toolkit.sweep`.
    over : mapping
        Of a system, as of :func:`toolkit.sweep`.
    simulate : mapping
        Of a system: ``generations``, ``replicates``, and what else :func:`toolkit.sweep` takes.
    **settings
        Of :func:`toolkit.fit`: ``num_chains``, ``num_draws``, priors, options, ...

    Returns
    -------
    xr.Dataset
        The posterior's variables with the grid's dims, chain and draw (evenly thinned to
        ``num_draws`` where chains had to be carried on); ``converged``, ``tries``,
        ``divergences``, the worst ``r_hat`` and the least ``ess`` of each cell. A dim whose field
        is also inferred is called ``system.NAME``.

    Raises
    ------
    ValueError
        As of :func:`toolkit.sweep`, and when a name is unknown.

    Warns
    -----
    UserWarning
        For cells whose chains did not come to agree.

    Examples
    --------
    >>> import numpy as np, toolkit as tk, xarray as xr
    >>> decay = np.array([0.8, 0.9])[:, None, None] ** np.arange(30)
    >>> score = 0.2 + 0.6 * decay + 0.01 * np.random.default_rng(1).normal(size=(2, 1, 30))
    >>> observed = xr.Dataset({"score": (("loop", "replicate", "generation"), score)},
    ...                       coords={"loop": ["fast", "slow"], "generation": np.arange(30)})
    >>> found = tk.sweep_fit(observed, "diversity_decay", seed=1, num_draws=200, progress=False)
    >>> found.contraction_factor.dims
    ('loop', 'chain', 'draw')
    >>> bool(found.contraction_factor.sel(loop="fast").median() < 0.85)
    True
    """
    chosen = model_of(model)
    split_arguments(chosen, {n: v for n, v in settings.items() if n not in _RUN})
    coords: Mapping[str, Any] = {}
    source: SimulateTask | Path | xr.Dataset
    dims: tuple[str, ...] = ()
    if isinstance(data, Configuration):
        source = _simulation(data, over, simulate)
    else:
        if over is not None or simulate is not None:
            raise ValueError("over and simulate are for a system; given data have their own grid.")
        source = data if isinstance(data, xr.Dataset) else Path(data).absolute()
        whole = source if isinstance(source, xr.Dataset) else read_sweep(source)
        dims = _grid_dims(whole)
        over = {dim: _values(whole, dim) for dim in dims}
        grid_coords = (name for name in whole.coords if set(whole[name].dims) <= {*dims})
        coords = {str(name): whole[name].variable for name in grid_coords}
    task = FitTask(data=source, dims=dims, model=chosen.name, settings=settings)
    return run_sweep(
        task,
        over or {},
        seed=seed,
        out=out,
        cluster=cluster,
        resume=resume,
        overwrite=overwrite,
        progress=progress,
        results=(*chosen.parameters, *chosen.derived),
        coords=coords,
    )


#: What ``fit`` takes besides priors and options.
_RUN = ("num_chains", "num_warmup", "num_draws", "target_accept")
_DRAWS = 500


def _simulation(
    system: Configuration, over: Mapping[str, Any] | None, simulate: Mapping[str, Any] | None
) -> SimulateTask:
    """What simulates the data of the cells."""
    simulate = dict(simulate or {})
    if over is None or not {"generations", "replicates"} <= simulate.keys():
        raise ValueError(
            "a system is simulated in each cell: give over, and simulate with generations and "
            "replicates."
        )
    unknown = [name for name in simulate if name not in _SIMULATE]
    if unknown:
        raise ValueError(f"simulate: unknown {unknown[0]!r}; known: {', '.join(_SIMULATE)}.")
    return SimulateTask(system=system, **simulate)


def _grid_dims(data: xr.Dataset) -> tuple[str, ...]:
    """Dims besides those of a trajectory."""
    dims = tuple(str(dim) for dim in data.sizes if dim not in labels.COORDINATES)
    if not dims:
        raise ValueError(
            "the data have no dims besides a trajectory's: there is no grid; use fit, or give what "
            "sweep returned."
        )
    return dims


def _values(data: xr.Dataset, dim: str) -> list[Any]:
    """What the positions along a dim are called."""
    values = data[dim].values.tolist()  # positions where there is no coordinate
    return values if len(set(values)) == len(values) else list(range(len(values)))


def _kept(found: xr.DataTree, settings: Mapping[str, Any]) -> xr.Dataset:
    """What a sweep keeps of a fit."""
    posterior = found["posterior"].to_dataset().drop_attrs(deep=False)
    number = int(settings.get("num_draws", _DRAWS))
    step = posterior.sizes[labels.DRAW] // number
    thin = posterior.isel({labels.DRAW: slice(step - 1, None, step)})
    thin = thin.assign_coords({labels.DRAW: np.arange(number)})
    sampled = found["sample_stats"].to_dataset()
    stats = {name: sampled[name].to_numpy() for name in ("diverging", "energy")}
    lead = labels.SAMPLE_DIMS
    draws = {
        str(name): values.transpose(*lead, ...).to_numpy() for name, values in posterior.items()
    }
    diagnosis = diagnose({n: v for n, v in draws.items() if np.ptp(v, axis=(0, 1)).any()}, stats)
    numbers = {
        labels.CONVERGED: str(found.attrs["converged"]) == "true",
        labels.TRIES: int(found.attrs["tries"]),
        labels.DIVERGENCES: int(found.attrs["divergences"]),
        labels.R_HAT: diagnosis.worst_rhat,
        labels.ESS: min(diagnosis.ess_bulk.values(), default=np.nan),
    }
    return thin.assign(
        {name: ((), value, labels.SWEEPS[name].attrs) for name, value in numbers.items()}
    )
