"""A sweep as a document: TOML to begin with, JSON in the attributes of its result."""

from __future__ import annotations

import ast
import inspect
import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpyro.distributions as dist
import xarray as xr

from toolkit.sweeping.calibrations import sweep_calibrate
from toolkit.sweeping.fits import sweep_fit
from toolkit.sweeping.sweeps import sweep
from toolkit.systems import Configuration, read_system
from toolkit.systems.files import system_from_dict
from toolkit.systems.validation import known_keys

_KEYS = ("system", "data", "seed", "over", "simulate", "fit", "calibrate")
#: How and where: no part of a document.
_WHERE = ("out", "cluster", "resume", "overwrite", "progress")


def read_document(path: str | Path) -> dict[str, Any]:
    """A document from a TOML file; paths in it are from its folder.

    Parameters
    ----------
    path : str or Path

    Raises
    ------
    FileNotFoundError
        When there is no such file.
    ValueError
        When it is no TOML, or describes no sweep.
    """
    path = Path(path)
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise FileNotFoundError(f"no sweep file at {path}.") from None
    except IsADirectoryError:
        raise ValueError(f"{path} is a folder; give the TOML file of a sweep.") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ValueError(f"{path} is not a TOML file: {error}.") from None
    for name in ("system", "data"):
        if isinstance(table.get(name), str):
            table[name] = str(path.parent / table[name])
    return table


def run_document(table: Mapping[str, Any], **where: Any) -> xr.Dataset:
    """Do what a document says.

    Parameters
    ----------
    table : mapping
        Keys ``system`` (a table, or the path of one in TOML), ``seed``, tables ``over`` and
        ``simulate`` (arguments of :func:`toolkit.sweep`). With a table ``fit`` (``model`` and
        arguments of :func:`toolkit.fit`, priors in words: ``"Beta(1, 9)"``) it is a sweep of fits,
        of simulations or of ``data`` (the store of a sweep); with a table ``calibrate`` one of
        calibrations, and no system.
    **where
        ``out``, ``cluster``, ``resume``, ``overwrite``, ``progress``.

    Raises
    ------
    ValueError
        When a key is unknown, missing, or does not go with another.

    Examples
    --------
    >>> circle = {"num_texts": 5, "variance": 1.0, "batch_size": 100}
    >>> document = {"system": {"on_unit_circle": circle, "text_updates": 0},
    ...             "seed": 1, "over": {"shrinkage_factor": [0.8, 1.0]},
    ...             "simulate": {"generations": 5, "replicates": 4, "record": ["image_diversity"]}}
    >>> run_document(document, progress=False).image_diversity.shape
    (2, 4, 6, 5)
    """
    known_keys(table, _KEYS, "the sweep")
    known_keys(where, _WHERE, "the sweep")
    kinds = [name for name in ("fit", "calibrate") if name in table]
    if len(kinds) == 2:
        raise ValueError("the sweep has both [fit] and [calibrate]; give one.")
    if "seed" not in table:
        raise ValueError("the sweep has no seed; give seed = 1, or another number.")
    common = {"seed": table["seed"], **where}
    if kinds == ["calibrate"]:
        _without(table, ("system", "data", "simulate"), "[calibrate]")
        return _call(sweep_calibrate, _table(table, "calibrate"), over=_over(table), **common)
    if kinds == ["fit"]:
        given = {name: _prior(value) for name, value in _table(table, "fit").items()}
        if "data" in table:
            _without(table, ("system", "simulate", "over"), "data")
            return _call(sweep_fit, given, data=table["data"], **common)
        return _call(
            sweep_fit,
            given,
            data=_system(table),
            over=_over(table),
            simulate=_table(table, "simulate"),
            **common,
        )
    _without(table, ("data",), "[simulate]")
    arguments = _table(table, "simulate")
    return _call(sweep, arguments, system=_system(table), over=_over(table), **common)


def _prior(value: Any) -> Any:
    """A prior where words are one, as numpyro has it: ``"LogNormal(7, scale=1)"``."""
    if not isinstance(value, str) or not value.rstrip().endswith(")"):
        return value
    try:
        node = ast.parse(value, mode="eval").body
        assert isinstance(node, ast.Call)
        assert isinstance(node.func, ast.Name)
        kind = getattr(dist, node.func.id)
        assert issubclass(kind, dist.Distribution)
        named = {str(word.arg): ast.literal_eval(word.value) for word in node.keywords}
        return kind(*map(ast.literal_eval, node.args), **named, validate_args=True)
    except (AssertionError, AttributeError, SyntaxError, TypeError, ValueError):
        raise ValueError(
            f"{value!r} is no prior; write one as numpyro has it, such as Beta(1, 9)."
        ) from None


def _system(table: Mapping[str, Any]) -> Configuration:
    if "system" not in table:
        raise ValueError("the sweep has no system; give a table [system], or system = FILE.toml.")
    system = table["system"]
    return read_system(system) if isinstance(system, str) else system_from_dict(system)


def _over(table: Mapping[str, Any]) -> dict[str, Any]:
    if "over" not in table:
        raise ValueError("the sweep has no table [over]: names with lists of values.")
    return _table(table, "over")


def _table(table: Mapping[str, Any], name: str) -> dict[str, Any]:
    if not isinstance(table.get(name), Mapping):
        raise ValueError(f"the sweep needs a table [{name}].")
    return dict(table[name])


def _without(table: Mapping[str, Any], names: tuple[str, ...], kind: str) -> None:
    for name in names:
        if name in table:
            raise ValueError(f"{name} does not go with {kind}; leave it out.")


def _call(function: Callable[..., xr.Dataset], arguments: dict[str, Any], **own: Any) -> xr.Dataset:
    """Call with the arguments of a table, with its mistakes told by name."""
    parameters = inspect.signature(function).parameters
    taken = [name for name in arguments if name in own or name in _WHERE]
    if taken:
        raise ValueError(f"{taken[0]} does not belong into that table; leave it out there.")
    if all(one.kind is not one.VAR_KEYWORD for one in parameters.values()):
        known_keys(arguments, [name for name in parameters if name not in own], "[simulate]")
    missing = [
        name
        for name, one in parameters.items()
        if one.default is one.empty
        and one.kind is not one.VAR_KEYWORD
        and name not in {**arguments, **own}
    ]
    if missing:
        raise ValueError(f"the sweep needs {missing[0]}.")
    return function(**own, **arguments)
