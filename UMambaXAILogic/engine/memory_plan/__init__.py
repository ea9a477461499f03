"""What memory a request needs, how it is made to fit, and what happens where it runs out all the same."""
