"""Measuring Facedesk: workspaces of any size, and what takes how long in them."""
