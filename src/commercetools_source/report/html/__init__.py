"""The page about a destination: values asked for by SQL, and pure functions that make one HTML file of them."""
