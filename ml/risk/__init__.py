"""Need at the initial assessment: who is likely not to be restored in time, and which indicators say so."""
