"""The devices that a run can use, and the list of them."""
