"""What the commands that read a folder say about it."""

VOC_LAYOUT = """FOLDER is in Pascal VOC's layout:
  JPEGImages/NAME.jpg             pictures, of any size
  Annotations/NAME.xml            one file for each, with <object><name>, <bndbox><xmin>…
  ImageSets/Main/train.txt        the names that belong to a split; val.txt, test.txt and trainval.txt likewise
`arrange` makes it of loose pictures and XML files."""

LAYOUT = f"""{VOC_LAYOUT}
Or it is one of those that `download` makes:
  VOCdevkit                       with VOC2007 and VOC2012; splits are 07+12, 07++12, VOC2007/test …
  COCO's                          with annotations/instances_SPLIT.json and the pictures in SPLIT/"""
