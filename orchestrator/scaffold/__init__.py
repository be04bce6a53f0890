"""What ``orchestrator init`` writes: every file here that ends in ``.template``, without that ending."""
