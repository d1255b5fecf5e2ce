"""``coevo fit``: what it reads from its options, and what it prints."""

from __future__ import annotations

import ast
import textwrap
from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated, Any

import typer

from toolkit.cli.cache import use_compilation_cache
from toolkit.cli.options import ModelName, Out, Overwrite, Score, Seed, Settings, TrajectoryFile
from toolkit.cli.output import WIDEST_TEXT, print_table, terminal_width, write
from toolkit.cli.shell import EXIT_NOT_CONVERGED

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

    from toolkit.models import Model

#: Columns that a narrow terminal goes without, the first ones first: whole numbers of what is
#: left say more than the beginnings of all.
_LESS_NEEDED = ("ess_tail", "mean", "ess_bulk", "sd")


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
        reason = str(error).splitlines()[0].rstrip(".")
        raise ValueError(f"{name} is set to {text!r}, which cannot be made: {reason}.") from None
    return prior


def print_fit(found: xr.DataTree) -> bool:
    """Print the table, the remarks and the problems; whether the chains came to agree."""
    from toolkit.inference import fit_table, remarks

    table = fit_table(found)
    typer.echo(_what_was_fitted(found))
    if table.empty:
        typer.echo("every parameter is known: nothing was inferred")
    else:
        table = table.astype({"ess_bulk": int, "ess_tail": int}).reset_index(names="quantity")
        table = _within(table, terminal_width())
        print_table(_headers(table), table.itertuples(index=False))
    width = min(WIDEST_TEXT, terminal_width())
    for remark in remarks(found):
        typer.echo(textwrap.fill(f"- {remark}", width, subsequent_indent="  "))
    divergences = int(found.attrs["divergences"])
    sampled = found["posterior"].sizes
    typer.echo(
        f"divergent transitions: {divergences} of {sampled['chain']} x {sampled['draw']} draws"
    )
    if int(found.attrs.get("tries", 1)) > 1:
        typer.echo("the chains of a first, shorter try did not agree: this is a longer one")
    return str(found.attrs["converged"]) == "true"


def _what_was_fitted(found: xr.DataTree) -> str:
    sizes = found["observed_data"].sizes
    counted = [
        f"{sizes[dim]} {dim}{'s' if sizes[dim] != 1 else ''}"
        for dim in ("replicate", "generation", "text")
        if dim in sizes
    ]
    return f"{found.attrs['model']}, {', '.join(counted)}; 5% to 95%: the central 90 % interval"


def _headers(table: pd.DataFrame) -> list[str]:
    return [str(column).replace("_", " ") for column in table.columns]


def _within(table: pd.DataFrame, width: int) -> pd.DataFrame:
    """The table without the columns that do not fit into the width."""
    for column in _LESS_NEEDED:
        widths = [
            max(len(header), *(len(f"{x:.4g}" if isinstance(x, float) else str(x)) for x in values))
            for header, (_, values) in zip(_headers(table), table.items(), strict=True)
        ]
        if sum(widths) + 3 * len(widths) <= width:
            break
        table = table.drop(columns=column)
    return table


def fit(
    ctx: typer.Context,
    file: TrajectoryFile,
    model: ModelName,
    seed: Seed,
    out: Out = None,
    score: Score = None,
    given: Settings = None,
    chains: Annotated[int, typer.Option(help="How many chains.")] = 4,
    warmup: Annotated[int, typer.Option(help="Draws of each chain's warm-up.")] = 150,
    draws: Annotated[int, typer.Option(help="Draws of each chain that are kept.")] = 500,
    overwrite: Overwrite = False,
) -> None:
    """Infer from an observed trajectory what drives the loop.

    Prints each quantity with its central 90 % interval, the chains' diagnostics, and what the
    data do not tell. Exit status: 0, or 4 when the chains did not come to agree.
    """
    use_compilation_cache()
    from toolkit.datasets import check_output

    if out is not None:
        check_output(out, overwrite=overwrite)

    from toolkit.inference import fit as run
    from toolkit.models import model_of
    from toolkit.trajectories import read_trajectory

    chosen = model_of(model)
    settings = settings_of(given or (), chosen)
    found = run(
        read_trajectory(file, score=score),
        chosen,
        seed=seed,
        num_chains=chains,
        num_warmup=warmup,
        num_draws=draws,
        **settings,
    )
    converged = print_fit(found)
    write(ctx, found, out, overwrite=overwrite)
    if not converged:
        raise typer.Exit(EXIT_NOT_CONVERGED)
