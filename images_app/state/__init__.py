"""What the face knows: thin states that ask core and keep only what the page shows now."""
