"""Encryption at rest: sealed files, the workspace's data key, and what opens it.

envelope.py   bytes to sealed bytes and back, under a data key; knows no files
keys.py       vault.json: the data key, wrapped; and opening it with what the settings, the system
              or the operator give
opened.py     the vaults this process has opened; `files` asks it at each read and write
convert.py    sealing a workspace in place, and back
"""
