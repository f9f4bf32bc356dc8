"""The command line: `main` is the entry point, one module a group of commands."""

from tui.cli.root import facedesk, main

__all__ = ["facedesk", "main"]
