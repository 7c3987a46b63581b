"""Files and labels become the catalogue; faces become duplicate groups and splits."""
