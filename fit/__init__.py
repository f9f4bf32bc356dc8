"""How the shipped networks and spaces were made: for developers, imported by nobody."""
