"""What a sweep does in each cell, so that one machinery maps any of it over a grid.

A task is a frozen dataclass that can be sent to another process. A new one is a class here (or of
the user's own); the grid, the store and the ways to run stay as they are.
"""

from __future__ import annotations

import contextlib
import dataclasses
import warnings
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple, Protocol

import numpy as np
import xarray as xr

from toolkit import labels
from toolkit.loops import Dtype, Method
from toolkit.simulate import blank_of, simulate
from toolkit.sweeping.changes import changed, fields_of
from toolkit.sweeping.grid import Cell, plain
from toolkit.systems import Configuration


class CellError(ValueError):
    """What went wrong in a cell, with its name."""


class Task(Protocol):
    """What is done in each cell."""

    @property
    def fields(self) -> tuple[str, ...]:
        """What may be swept over."""

    @property
    def seeds(self) -> tuple[str, ...]:
        """Names of a cell's seeds, kept as coordinates."""

    def describe(self) -> dict[str, Any]:
        """All settings, as JSON has them: with grid and seed enough to run again."""

    def check(self, cell: Cell) -> None:
        """Raise ``ValueError`` for what can be known to be wrong beforehand."""

    def blank(self, cell: Cell) -> xr.Dataset | None:
        """Variables, sizes, coordinates of a cell's result; None: known once there is one."""

    def of(self, cell: Cell) -> Task:
        """What of it must be sent to who does a cell."""

    def run(self, cell: Cell) -> xr.Dataset:
        """The result of a cell."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class SimulateTask:
    """Simulate the system of each cell (see :func:`toolkit.simulate`)."""

    system: Configuration
    generations: int
    replicates: int
    method: Method = "exact"
    every: int = 1
    record: Sequence[str] | None = None
    dtype: Dtype = "float64"

    @property
    def fields(self) -> tuple[str, ...]:
        """Those of the system."""
        return fields_of(self.system)

    @property
    def seeds(self) -> tuple[str, ...]:
        """One, of the simulation."""
        return (labels.CELL_SEED,)

    def describe(self) -> dict[str, Any]:
        """System and arguments."""
        return {"system": self.system.to_dict(), "simulate": plain(self.arguments())}

    def arguments(self) -> dict[str, Any]:
        """Those of ``simulate`` that are common to all cells."""
        names = (field.name for field in dataclasses.fields(SimulateTask))
        common = {name: getattr(self, name) for name in names if name != "system"}
        return {name: value for name, value in common.items() if value is not None}

    def system_of(self, cell: Cell) -> Any:
        """The system of a cell."""
        return changed(self.system, cell.changes)

    def check(self, cell: Cell) -> None:
        """Build the system, and say what would be recorded."""
        self.blank(cell)

    def blank(self, cell: Cell) -> xr.Dataset:
        """As ``simulate`` would return it, without memory."""
        return blank_of(self.system_of(cell), **self.arguments())

    def of(self, cell: Cell) -> SimulateTask:
        """All of it."""
        return self

    def run(self, cell: Cell) -> xr.Dataset:
        """Simulate."""
        return simulate(
            self.system_of(cell), **self.arguments(), seed=cell.seeds[0], progress=False
        )


class Form(NamedTuple):
    """What a cell's result must look like to be in one array with the others.

    Attributes
    ----------
    sizes : dict
        Of the dims of each variable.
    coords : dict
        Values of each coordinate.
    """

    sizes: dict[str, dict[str, int]]
    coords: dict[str, np.ndarray]

    @classmethod
    def of(cls, result: xr.Dataset) -> Form:
        """That of a result."""
        return cls(
            {str(name): _sizes(values) for name, values in result.data_vars.items()},
            {str(name): values.values for name, values in result.coords.items()},
        )

    @classmethod
    def of_sweep(cls, sweep: xr.Dataset, dims: Sequence[str]) -> Form:
        """That of a cell of a sweep whose grid has these dims."""
        own = sweep.drop_vars([name for name in sweep.coords if {*sweep[name].dims} & {*dims}])
        sizes = {
            str(name): {dim: size for dim, size in _sizes(values).items() if dim not in dims}
            for name, values in own.data_vars.items()
        }
        return cls(sizes, {str(name): values.values for name, values in own.coords.items()})


class Done(NamedTuple):
    """A cell that was computed.

    Attributes
    ----------
    cell : Cell
    result : xr.Dataset or None
        None where whoever computed it has kept it.
    said : list of str
        The warnings that came with it, with the cell's name.
    """

    cell: Cell
    result: xr.Dataset | None
    said: list[str]


#: Compute cells, in any order; where the keeper is a store, whoever computes may keep.
type Run = Callable[[Task, Sequence[Cell], Any, Form | None], Iterator[Done]]


def checked(task: Task, cells: Sequence[Cell]) -> xr.Dataset | None:
    """Check all cells before any is computed: what the first's result will look like.

    Raises
    ------
    CellError
        When one is wrong, or has other sizes than the first.
    """
    first: xr.Dataset | None = None
    form: Form | None = None
    for cell in cells:
        with named(cell):
            task.check(cell)
            blank = task.blank(cell)
        if blank is None:
            continue
        if form is None:
            first, form = blank, Form.of(blank)
        check_like(blank, form, cell)
    return first


def computed_here(
    task: Task, cells: Sequence[Cell], keeper: Any, form: Form | None
) -> Iterator[Done]:
    """Cells one after another in this process, each on all cores."""
    for cell in cells:
        yield computed(task, cell)


def computed(task: Task, cell: Cell) -> Done:
    """A cell and its result."""
    with named(cell), warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        result = task.run(cell)
    said = (str(one.message) for one in caught if issubclass(one.category, UserWarning))
    return Done(cell, result, [f"cell {cell.name}: {message}" for message in dict.fromkeys(said)])


def check_like(result: xr.Dataset, form: Form, cell: Cell) -> None:
    """Check that a cell's result has the form of the first one's.

    Raises
    ------
    CellError
        When a variable is missing, or a size or coordinate differs.
    """
    own = Form.of(result)
    if odd := sorted(own.sizes.keys() ^ form.sizes.keys()):
        raise CellError(
            f"cell {cell.name} and the first cell differ in whether there is a variable {odd[0]}; "
            "sweep over those apart."
        )
    for name, sizes in own.sizes.items():
        if sizes != form.sizes[name]:
            raise CellError(
                f"{name} of cell {cell.name} has the sizes {sizes}, that of the first cell "
                f"{form.sizes[name]}: they cannot be in one array; sweep over those apart, or "
                "record what has no such dim."
            )
    for name, values in form.coords.items():
        if not np.array_equal(own.coords.get(name, np.empty(0)), values):
            raise CellError(
                f"the values of {name} of cell {cell.name} are not those of the first cell; sweep "
                "over those apart."
            )


def _sizes(values: xr.DataArray) -> dict[str, int]:
    return {str(dim): size for dim, size in values.sizes.items()}


@contextlib.contextmanager
def named(cell: Cell) -> Iterator[None]:
    """Put a cell's name before the message of what goes wrong in it."""
    try:
        yield
    except CellError:
        raise
    except Exception as error:
        kind = "" if isinstance(error, ValueError | OSError) else f"{type(error).__name__}: "
        raise CellError(f"cell {cell.name}: {kind}{error}") from error
