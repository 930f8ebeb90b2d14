"""The deck as one story among others: its steps and claims, what each still needs, and stories people write."""
