"""Every page of the face, one module each."""
