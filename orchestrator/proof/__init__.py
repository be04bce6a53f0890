"""Proof before customers: what definitions would do to recorded events, and why they did what they did."""
