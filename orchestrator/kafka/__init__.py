"""Kafka: the embedded broker, the client options and the topics."""
