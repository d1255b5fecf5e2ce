"""Inference: from an observed trajectory to the posterior of what drives it.

:func:`fit` is the way in. It is the only place where MCMC runs, and none of it knows a model:
the models are in :mod:`toolkit.models`.
"""

from toolkit.inference.fitting import ConvergenceWarning, fit
from toolkit.inference.results import fit_table, read_fit, remarks

__all__ = ["ConvergenceWarning", "fit", "fit_table", "read_fit", "remarks"]
