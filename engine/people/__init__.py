"""People, their sessions and pictures: capture and import."""
