"""Offices and partners: observed against what their case mix leads one to expect; what partners could be trained on."""
