"""A trained detector elsewhere: as ONNX, and how fast it is here."""
