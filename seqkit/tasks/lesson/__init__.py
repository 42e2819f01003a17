"""The lesson of `hello`."""
