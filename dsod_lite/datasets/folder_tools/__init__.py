"""What makes and mends folders of pictures: fetching, arranging, checking, shrinking."""
