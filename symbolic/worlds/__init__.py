"""Small worlds in which premises and lemmas are held to their meaning.

Nothing here uses the machinery of the derivations: what a symbol means is worked out by plain
definitions, and a premise or lemma that was altered is false in some world.
"""

from __future__ import annotations

from symbolic.worlds.reader import holds, value_of
from symbolic.worlds.world import Outcome, UnknownError, World

__all__ = ["Outcome", "UnknownError", "World", "holds", "value_of"]
