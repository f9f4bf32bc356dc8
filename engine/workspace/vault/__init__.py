"""Encryption at rest: sealed files, the workspace's data key, and what opens it.

envelope.py   bytes to sealed bytes and back, under a data key; knows no files
wrapping.py   the key that wraps the data key: from a passphrase, or from a key file
record.py     vault.json: the wrapped data key, and whether a conversion is under way
opened.py     the vaults this process has opened; `files` asks it at each read and write
unlock.py     opening a vault with what the settings, the system or the operator give
convert.py    sealing a workspace in place, and back
"""
