"""What the operators of a server see of it: its log and its figures."""
