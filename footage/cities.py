"""Cities of the United States and Canada that give no zone its name, with the zone whose clocks they keep."""

from __future__ import annotations

_BY_ZONE = {
    "America/New_York": (
        "atlanta, augusta, baltimore, boston, buffalo, charleston, charlotte, chattanooga, cincinnati, cleveland, "
        "columbus, fort lauderdale, greensboro, harrisburg, hartford, jacksonville, jersey city, knoxville, miami, "
        "newark, norfolk, orlando, philadelphia, pittsburgh, providence, raleigh, richmond, rochester, savannah, "
        "tampa, toledo, washington, washington dc"
    ),
    "America/Toronto": "hamilton, london ontario, mississauga, montreal, ottawa, quebec, quebec city, windsor",
    "America/Chicago": (
        "amarillo, austin, baton rouge, birmingham, corpus christi, dallas, des moines, fargo, fort worth, "
        "green bay, houston, huntsville, jackson, kansas city, laredo, lincoln, little rock, lubbock, madison, "
        "memphis, milwaukee, minneapolis, mobile, montgomery, nashville, new orleans, oklahoma city, omaha, peoria, "
        "saint louis, saint paul, san antonio, shreveport, sioux falls, st louis, st paul, topeka, tulsa, wichita"
    ),
    "America/Denver": "albuquerque, billings, cheyenne, colorado springs, el paso, salt lake city, santa fe",
    "America/Phoenix": "mesa, tucson",
    "America/Edmonton": "calgary",
    "America/Regina": "saskatoon",
    "America/Los_Angeles": (
        "bakersfield, fresno, las vegas, long beach, oakland, portland, reno, riverside, sacramento, "
        "san bernardino, san diego, san francisco, san jose, seattle, spokane, stockton, tacoma"
    ),
    "America/Vancouver": "victoria, surrey",
}

CITY_ZONES = {city: zone for zone, cities in _BY_ZONE.items() for city in cities.split(", ")}
"""City, in small letters and without dots, to the zone's IANA name."""
