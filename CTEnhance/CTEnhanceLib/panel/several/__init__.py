"""Several loaded volumes, computed one after the other with the model loaded once."""
