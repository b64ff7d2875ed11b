"""Statistics, forecasts and fitting from the log, and reports of them."""
