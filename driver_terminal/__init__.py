"""The driver's side: terminal SDK (`client`), position sources (`nmea`), and the terminal page (`web`)."""
