"""Statistics, forecasts, parameter fitting, and their reports."""
