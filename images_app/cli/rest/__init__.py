"""The commands that speak to a server over REST, from any machine: nothing of the server is imported here."""
