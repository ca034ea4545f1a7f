"""How services are best delivered: pre-stated questions, each answered with its assumptions or refused."""
