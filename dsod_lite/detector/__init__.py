"""The detector that the book builds: pictures in, losses or detections out. It needs torch and torchvision only."""
