"""The bundled data, with their source in README.md."""
