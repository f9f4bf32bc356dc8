"""The doctor: one module a group of findings. Nothing here opens a camera but `measured`."""
