"""The model of a run: the list of models, and the slider between its accurate and its crisp end."""
