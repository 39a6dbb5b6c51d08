"""Commands answered: what each means, who may, what its trigger gives, and the one transaction that ends it."""
