"""Speed of the runtime, always beside something else in the same run, for machines are noisy."""
