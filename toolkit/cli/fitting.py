"""What ``coevo fit`` reads from its options and prints."""

from __future__ import annotations

import ast
import textwrap
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import typer

from toolkit.cli.output import print_table

if TYPE_CHECKING:
    import xarray as xr

    from toolkit.models import Model

_WIDTH = 100


def settings_of(given: Iterable[str], model: Model) -> dict[str, Any]:
    """Priors, known numbers and options from ``NAME=VALUE``.

    Raises
    ------
    ValueError
        When one is not of that form, or its value cannot be understood.
    """
    settings = {}
    for text in given:
        name, equals, value = (part.strip() for part in text.partition("="))
        if not equals or not name or not value:
            raise ValueError(
                f"--set takes NAME=VALUE, such as injection_prob=0 or floor=Normal(0, 1), not "
                f"{text!r}."
            )
        settings[name] = _value(name, value, model)
    return settings


def _value(name: str, text: str, model: Model) -> Any:
    """A number, list or word, or a distribution written as it would be in Python."""
    try:
        node = ast.parse(text, mode="eval").body
    except SyntaxError:
        node = None
    if isinstance(node, ast.Call):
        return _distribution(name, text, node)
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError):
        if name in model.parameters:
            raise ValueError(
                f"{name} is set to {text!r}; expected a number or a prior such as Beta(1, 9)."
            ) from None
        return text  # the word of an option


def _distribution(name: str, text: str, node: ast.Call) -> Any:
    import numpyro.distributions as dist

    kind = getattr(dist, node.func.id, None) if isinstance(node.func, ast.Name) else None
    if not (isinstance(kind, type) and issubclass(kind, dist.Distribution)):
        raise ValueError(
            f"{name} is set to {text!r}, which is no distribution of numpyro.distributions, such "
            "as Beta(1, 9), LogNormal(7, 1) or Uniform(0, 1)."
        )
    try:
        positional = [ast.literal_eval(one) for one in node.args]
        named = {str(one.arg): ast.literal_eval(one.value) for one in node.keywords}
        prior = kind(*positional, **named, validate_args=True)
    except (TypeError, ValueError) as error:
        reason = str(error).splitlines()[0]
        raise ValueError(f"{name} is set to {text!r}, which cannot be made: {reason}.") from None
    return prior


def print_fit(found: xr.DataTree) -> bool:
    """Print the table, the remarks and the problems; whether the chains came to agree."""
    from toolkit.inference import fit_table, remarks

    table = fit_table(found).reset_index(names="quantity")
    columns = [str(column).replace("_", " ") for column in table.columns]
    whole = {"ess_bulk": int, "ess_tail": int}
    print_table(columns, table.astype(whole).itertuples(index=False))
    for remark in remarks(found):
        typer.echo(textwrap.fill(f"- {remark}", _WIDTH, subsequent_indent="  "))
    divergences = int(found.attrs["divergences"])
    typer.echo(f"divergent transitions: {divergences}")
    return str(found.attrs["converged"]) == "true"
