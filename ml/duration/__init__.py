"""How long restoration takes: interval-censored and competing-risk curves."""
