"""A list of incidents as one run: read from a spreadsheet, prepared together, carried out in one loop, summed up."""
