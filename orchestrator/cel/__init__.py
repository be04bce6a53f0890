"""Expressions in CEL: read, checked and compiled to Python."""
