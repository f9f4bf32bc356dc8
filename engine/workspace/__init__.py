"""The folder on disk: atomic, sealed, versioned, logged."""
