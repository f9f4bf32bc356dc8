"""Splitting pictures into train, validation and test."""
