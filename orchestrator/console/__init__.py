"""What a person sees at a terminal: records as they come, one customer, progress."""
