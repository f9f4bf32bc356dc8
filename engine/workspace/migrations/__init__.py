"""What changed from one format of the workspace to the next, a module a step."""
