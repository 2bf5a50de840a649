"""The drawn pictures: scenes of shapes, painted, as a data set and as a folder."""
