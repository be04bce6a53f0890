"""Plays recorded events again: read from a file, paced, sent through the real topics, with marks of the data's time."""
