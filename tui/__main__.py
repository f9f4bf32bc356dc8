"""`python -m tui` is `facedesk`."""

from tui.cli import main

main()
