"""Who waits for news is woken when something was committed, by whichever server."""
