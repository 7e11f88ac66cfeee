"""Pure functions on bytes, one file a step: sniff, limits, segments, colour, quality, render; `pipeline` joins them."""
