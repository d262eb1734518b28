"""Keys, and what stands for one: sessions of people, and tickets for URLs."""
