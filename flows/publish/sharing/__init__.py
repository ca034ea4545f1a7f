"""The tables of `share/`: what each says (gather), what stays as it was (rest), what is hidden (protect), how it is written (write)."""
