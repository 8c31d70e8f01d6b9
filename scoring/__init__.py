"""Pure counting and scoring: no file, network, clock or randomness."""
