"""The example shop: a half year of its customers' events, made from a public clickstream."""
