"""What the log says about a person's memory: statistics, forecasts, and how they are drawn."""
