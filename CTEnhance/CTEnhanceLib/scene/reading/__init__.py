"""Images of a blinded reading in linked views, under letters; and studies made of the volumes in a scene."""
