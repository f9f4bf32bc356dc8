"""Measuring Facedesk: what takes how long, beside what it is to be compared with, in one run."""
