"""What goes over the topics, as models: the source of everything in ``topics/``, and what tests hold records to."""
