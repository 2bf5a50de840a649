"""Augmentation while training: SSD's and milder ones."""
