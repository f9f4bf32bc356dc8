"""The keys: their table, and the operator's own keys over it."""

from tui.keys.table import ANSWERS, CONTEXTS, KEYS, OPENERS, Key, bindings_of, keys_of, written

__all__ = ["ANSWERS", "CONTEXTS", "KEYS", "OPENERS", "Key", "bindings_of", "keys_of", "written"]
