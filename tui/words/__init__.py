"""What is said on the screen and on the command line."""
