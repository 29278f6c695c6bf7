"""Reading a worked example: Markdown, TOML and JSON, numbers kept as they are printed."""
