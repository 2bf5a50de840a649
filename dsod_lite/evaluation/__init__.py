"""How good the detections are: PASCAL VOC's average precision and COCO's numbers."""
