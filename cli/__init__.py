"""The screen's side of the program: options into orders, values into words, logs. Prints nothing; main.py does."""
