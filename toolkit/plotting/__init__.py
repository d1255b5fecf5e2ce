"""Figures of simulated and predicted trajectories, in one style.

Every function draws what a dataset holds and returns the axes.
"""

from toolkit.plotting.curves import (
    BAND,
    LINE_STYLES,
    plot_band,
    plot_comparison,
    plot_prediction,
    plot_rates,
    plot_trajectory,
    plot_z_scores,
)
from toolkit.plotting.style import (
    colours,
    label_ends,
    legend_below,
    log_axis,
    panels,
    save_figure,
    styled,
)

__all__ = [
    "BAND",
    "LINE_STYLES",
    "colours",
    "label_ends",
    "legend_below",
    "log_axis",
    "panels",
    "plot_band",
    "plot_comparison",
    "plot_prediction",
    "plot_rates",
    "plot_trajectory",
    "plot_z_scores",
    "save_figure",
    "styled",
]
