"""Pictures in rows and columns: texts downwards, generations across; nothing is computed."""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr
from matplotlib.axes import Axes

from toolkit import labels
from toolkit.plotting.style import panels, styled

#: How much of its contrast a faded picture keeps.
_FADED = 0.3


@styled
def plot_images(
    pictures: xr.DataArray,
    shape: tuple[int, int],
    *,
    ax: Axes | None = None,
    faded: xr.DataArray | None = None,
    limits: tuple[float, float] | None = None,
) -> Axes:
    """Pictures of each text at each generation, bright pixels dark as ink on paper.

    Parameters
    ----------
    pictures : xr.DataArray
        From ``drawn_images``: dims text, generation, image, pixel.
    shape : tuple of int
        Height and width of a picture in pixels.
    ax : Axes, optional
    faded : xr.DataArray, optional
        Booleans with dims text and generation: pictures to be drawn faintly.
    limits : tuple of float, optional
        The brightness that is white, and the one that is black; those of the first generation's
        pictures unless given.

    Raises
    ------
    ValueError
        When the shape does not fit the number of pixels.

    Examples
    --------
    >>> dims = ("text", "generation", "image", "pixel")
    >>> pictures = xr.DataArray(np.zeros((2, 3, 1, 6)), dims=dims)
    >>> pictures = pictures.assign_coords(text=[0, 1], generation=[0, 10, 20])
    >>> plot_images(pictures, (2, 3)).get_xlabel()
    'generation'
    """
    pictures = pictures.transpose(labels.TEXT, labels.GENERATION, labels.IMAGE, labels.PIXEL)
    height, width = shape
    if height * width != pictures.sizes[labels.PIXEL]:
        raise ValueError(
            f"shape {shape} has {height * width} pixels, but the pictures have "
            f"{pictures.sizes[labels.PIXEL]}."
        )
    if ax is None:
        _, array = panels()
        ax = array[0, 0]
    low, high = limits or _limits(pictures.values[:, 0])
    ink = np.clip((pictures.values - low) / (high - low if high > low else 1), 0, 1)
    if faded is not None:
        faint = faded.transpose(labels.TEXT, labels.GENERATION).values
        ink = np.where(faint[:, :, None, None], _FADED * ink, ink)
    number = pictures.sizes[labels.IMAGE]
    ax.imshow(_sheet(ink, shape), cmap="gray_r", vmin=0, vmax=1, interpolation="nearest")
    column, row = number * (width + 1) + 2, height + 1
    ax.set_xticks(
        (np.arange(pictures.sizes[labels.GENERATION]) + 0.5) * column - 2,
        [f"{one:g}" for one in pictures[labels.GENERATION].values],
    )
    ax.set_yticks(
        np.arange(pictures.sizes[labels.TEXT]) * row + (height - 1) / 2,
        [str(one) for one in pictures[labels.TEXT].values],
    )
    ax.grid(visible=False)
    ax.tick_params(length=0)
    for spine in ax.spines.values():
        spine.set_visible(False)
    ax.set_xlabel(labels.COORDINATES[labels.GENERATION].long_name)
    ax.set_ylabel(labels.COORDINATES[labels.TEXT].long_name)
    return ax


def _limits(values: Any) -> tuple[float, float]:
    return float(np.min(values)), float(np.max(values))


def _sheet(ink: Any, shape: tuple[int, int]) -> Any:
    """All pictures on one sheet: a white line between two, more between two generations."""
    texts, generations, number, _ = ink.shape
    pictures = ink.reshape(texts, generations, number, *shape)
    pictures = np.pad(pictures, ((0, 0), (0, 0), (0, 0), (0, 1), (0, 1)))
    rows = pictures.transpose(0, 3, 1, 2, 4).reshape(texts, shape[0] + 1, generations, -1)
    return np.pad(rows, ((0, 0), (0, 0), (0, 0), (0, 2))).reshape(texts * (shape[0] + 1), -1)
