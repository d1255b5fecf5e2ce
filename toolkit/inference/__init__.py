"""Inference: from an observed trajectory to the posterior of what drives it.

:func:`fit` is the way in. It is the only place where MCMC runs, and none of it knows a model:
the models are in :mod:`toolkit.models`.
"""

from toolkit.inference.fit import ConvergenceWarning, fit

__all__ = ["ConvergenceWarning", "fit"]
