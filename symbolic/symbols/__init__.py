"""Every symbol of the library, written once, under the name that the rest of the project uses.

A symbol prints as a mathematician writes it (``batch_size`` prints as ``N``) and is looked up by
its design name: ``SYMBOLS["batch_size"]``.  `MEANINGS` says in words what each one is.  Random
quantities carry the class `RandomSymbol`, so that an expectation knows what it may take out.

Indices run from 0, as arrays do: a sum over texts is ``Sum(..., (text, 0, num_texts - 1))``.
"""

from __future__ import annotations

import sympy as sp

from symbolic.symbols import (
    corpus,
    drift,
    images,
    in_context,
    overlap,
    rates,
    recursive_stability_loop,
    retraining_errors,
    retraining_map,
    retraining_map_network,
    retraining_map_samples,
    retraining_map_transient,
    sizes,
    spectra,
    texts,
)
from symbolic.symbols.classes import *
from symbolic.symbols.corpus import *
from symbolic.symbols.drift import *
from symbolic.symbols.hidden import *
from symbolic.symbols.images import *
from symbolic.symbols.in_context import *
from symbolic.symbols.overlap import *
from symbolic.symbols.rates import *
from symbolic.symbols.recursive_stability_loop import *
from symbolic.symbols.retraining_errors import *
from symbolic.symbols.retraining_map import *
from symbolic.symbols.retraining_map_network import *
from symbolic.symbols.retraining_map_samples import *
from symbolic.symbols.retraining_map_transient import *
from symbolic.symbols.sizes import *
from symbolic.symbols.spectra import *
from symbolic.symbols.texts import *

_GROUPS = (
    sizes,
    texts,
    drift,
    corpus,
    images,
    rates,
    overlap,
    spectra,
    retraining_errors,
    retraining_map,
    retraining_map_samples,
    retraining_map_transient,
    retraining_map_network,
    recursive_stability_loop,
    in_context,
)

MEANINGS: dict[str, str] = {name: words for group in _GROUPS for name, words in group.WORDS.items()}

SYMBOLS: dict[str, sp.Basic] = {
    name: vars(group)[name] for group in _GROUPS for name in group.WORDS
}


def design_name(symbol: sp.Basic) -> str:
    """Look up the design name of a symbol.

    Parameters
    ----------
    symbol : sympy.Basic
        A symbol (or indexed base) of this module.

    Returns
    -------
    str
        Its design name.

    Raises
    ------
    KeyError
        If it is not a symbol of this module.

    Examples
    --------
    >>> design_name(batch_size)
    'batch_size'
    """
    for name, known in SYMBOLS.items():
        if known == symbol:
            return name
    raise KeyError(f"{symbol!r} is not in symbolic.symbols.SYMBOLS; add it there with its meaning.")
