"""Everything that is held on a person as one archive, and taking it in elsewhere."""
