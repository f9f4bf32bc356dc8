"""The use cases: one module a job, used alike by the command line and by the child processes.

Each takes a workspace, the settings, a request, a cancel token and `emit`, which receives the
job's events. Jobs that write expect their caller to hold `Workspace.writer`.
"""
