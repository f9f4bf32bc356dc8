"""What the terminal can do, and what leaves it as it was."""
