"""Training configuration: what a TOML file holds, and how it is read and checked before anything is computed."""
