"""From a frame to aligned, quality-checked face crops."""
