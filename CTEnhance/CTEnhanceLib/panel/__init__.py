"""The Qt panel: the only folder that imports qt and ctk."""
