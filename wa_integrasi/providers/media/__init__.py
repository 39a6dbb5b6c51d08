"""How each channel gives out the files of what people write."""
