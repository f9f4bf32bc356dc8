"""How good a model honestly is: probes, strangers, figures, doubtful pictures, the report."""
