"""How resources of the sandbox come to be and change, and the Messages that say so."""
