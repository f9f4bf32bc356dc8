"""Fuzzing: hostile bytes into everything that reads what it did not write.

`targets.TARGETS` maps a name to a function of bytes that may raise typed errors only; `seeds`
holds real, valid inputs for each, `mutate` spoils them, and `python -m tests.fuzz` runs both in
worker processes with limits on time and memory (`docs/safety/hostile_input.md`).
"""
