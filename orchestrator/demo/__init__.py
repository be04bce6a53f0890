"""The demo: half a year of an example shop in under a minute, on a real Kafka, seen live."""
