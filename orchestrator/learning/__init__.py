"""From outcomes to models: what customers did with what they were told, counted from ``journey-log``."""
