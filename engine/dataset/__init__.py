"""Splitting pictures into train, validation and test, and exporting them."""
