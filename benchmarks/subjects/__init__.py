"""What is measured: one module a subject, each with a `TITLE` and a function `measure`."""
