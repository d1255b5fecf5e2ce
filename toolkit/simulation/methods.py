"""Which method computed a simulation, and how near it is to the exact law, in words."""

from __future__ import annotations

import xarray as xr

from toolkit import datasets, labels
from toolkit.loops.certainty import LARGEST_VARIATION
from toolkit.loops.coevolving_parts import DIFFUSION_IMAGES


def method_note(simulated: xr.Dataset) -> str | None:
    """A sentence on the method of a simulation, where there is something to say.

    Parameters
    ----------
    simulated : xr.Dataset
        Of ``simulate``, with the variables that tell of its method.

    Examples
    --------
    >>> import toolkit as tk
    >>> system = tk.CoevolvingSystem.on_unit_circle(num_texts=3, variance=1.0, batch_size=100)
    >>> simulated = tk.simulate(system, generations=2, replicates=2, seed=1, method="one_hot")
    >>> print(method_note(simulated))
    method one_hot, an approximation: posteriors differ from captions by at most ... in the mean.
    """
    later = simulated.isel({labels.GENERATION: slice(1, None)})
    method = datasets.arguments_of(simulated)["method"]
    if method == "one_hot" and labels.TEXT_CONFUSION in simulated:
        most = float(simulated[labels.TEXT_CONFUSION].max())
        return (
            f"method one_hot, an approximation: posteriors differ from captions by at most "
            f"{most:.2g} in the mean."
        )
    if method == "sparse" and labels.TEXT_LEFT_OUT in simulated:
        most = float(later[labels.TEXT_LEFT_OUT].max())
        return f"method sparse: at most {most:.2g} of the posterior mass was left out in the mean."
    notes = []
    if method == "diffusion":
        notes.append(
            f"method diffusion, an approximation: text updates have the exact mean and covariance, "
            f"from {DIFFUSION_IMAGES} images."
        )
    if labels.TEXT_ONE_HOT in simulated:
        share = float(later[labels.TEXT_ONE_HOT].mean())
        if share:
            notes.append(
                f"Posteriors were one-hot in {100 * share:.0f} % of the generations, where no "
                f"image was drawn (the law differs by less than {LARGEST_VARIATION:g} each time)."
            )
    return " ".join(notes) or None
