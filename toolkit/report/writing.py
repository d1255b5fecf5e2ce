"""``report``: from a fit or a trajectory to a page that can be handed to somebody else."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from toolkit.datasets import check_output, replace_whole
from toolkit.report.gathering import Findings, Request, gather
from toolkit.report.page import page


def report(
    source: Any,
    out: str | Path,
    *,
    model: str | None = None,
    seed: int | None = None,
    variable: str | None = None,
    below: float | None = None,
    target: float | None = None,
    horizon: int | None = None,
    score: str | None = None,
    overwrite: bool = False,
    **priors_and_options: Any,
) -> Path:
    """Write all that a fit has to say into one page of HTML that needs nothing else.

    The answers stand on top in plain sentences; then what was observed, the fit, its checks, the
    forecast, the dose, the theorems behind the numbers, and how to make the page again.

    Parameters
    ----------
    source : path, xr.DataTree, or what ``read_trajectory`` takes
        A fit, or a trajectory that is fitted first.
    out : str or Path
        Ends in ``.html``.
    model : str, optional
        Which model to fit to a trajectory.
    seed : int, optional
        Of that fit, 1 unless given; for the forecast and the dose of a fit, its own unless given.
    variable : str, optional
        What is lost; the fit's own unless given (:mod:`toolkit.report.gathering`).
    below : float, optional
        The level that is not to be passed; half of the present one unless given.
    target : float, optional
        What the dose is to keep; ``below`` unless given.
    horizon : int, optional
        Generations ahead; as many as were observed unless given.
    score : str, optional
        The column of a trajectory that is the score.
    overwrite : bool
        Replace what is there; it stays until the new page is complete.
    **priors_and_options
        Of the fit of a trajectory, as for :func:`toolkit.fit`.

    Returns
    -------
    Path

    Raises
    ------
    ValueError, TypeError, FileNotFoundError, FileExistsError, PermissionError
        When there is nothing to report on, something asked for does not suit it, or the page
        cannot be written; before anything is computed where that can be.

    Warns
    -----
    ConvergenceWarning
        When the chains of a new fit did not come to agree; the page says so on top.

    Examples
    --------
    >>> import tempfile, numpy as np, toolkit as tk
    >>> score = 0.2 + 0.6 * 0.9 ** np.arange(30) + 0.01 * np.random.default_rng(1).normal(size=30)
    >>> found = tk.fit(tk.read_trajectory(score=score[None]), model="diversity_decay", seed=1)
    >>> path = report(found, tempfile.mkdtemp() + "/report.html", horizon=20)
    >>> "halves in" in path.read_text(encoding="utf-8")
    True
    """
    request = Request(
        source=source,
        model=model,
        seed=seed,
        variable=variable,
        below=below,
        target=target,
        horizon=horizon,
        score=score,
        settings=priors_and_options,
    )
    return write_report(request, Path(out), overwrite=overwrite)[0]


def write_report(request: Request, out: Path, *, overwrite: bool = False) -> tuple[Path, Findings]:
    """The same from a request; also what was found.

    Parameters
    ----------
    request : Request
    out : Path
    overwrite : bool
    """
    check_output(out, overwrite=overwrite, suffixes=(".html",))
    found = gather(request)
    written = page(found, out)
    replace_whole(out, lambda part: part.write_text(written, encoding="utf-8"))
    return out, found
