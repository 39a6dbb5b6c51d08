"""What people say of subscriptions: they make and end them, silence them, and say that they know of an alarm."""
