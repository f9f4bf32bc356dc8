"""The jobs of the desk: how keys, forms and demo start them, and the preview of their frames."""
