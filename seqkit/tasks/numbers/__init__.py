"""Numbers over time: forecasts, labels of windows, labels of frames."""
