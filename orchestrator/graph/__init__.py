"""A journey as a picture: nodes and edges, as Mermaid and as SVG."""
