"""The desk: its screen, its jobs, its keys."""
