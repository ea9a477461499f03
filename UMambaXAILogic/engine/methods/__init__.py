"""What is known of attribution methods without torch: names, costs, settings; and how a case compares several."""
