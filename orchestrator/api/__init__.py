"""What other programs ask of a worker, over HTTP."""
