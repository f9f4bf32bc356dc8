"""Erasing a person: every trace in the workspace, a final search, and a receipt."""
