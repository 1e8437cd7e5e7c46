"""Where the views of a comparison stand, where they come from, and what makes them move together."""
