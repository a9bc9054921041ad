"""How training rows are made of graded traces: one idea a module."""
