"""The engine as callers see it: use cases, child processes and their client."""
