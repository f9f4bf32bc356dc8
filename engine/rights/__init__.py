"""Erasing a person: every trace in the workspace, a final search, and a receipt.

Everything that is held on a person as one archive, and taking it in elsewhere.
"""

from __future__ import annotations
