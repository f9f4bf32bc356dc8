"""Scores, votes, thresholds: from features to a decision."""
