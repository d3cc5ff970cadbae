"""What a person chose on a page: param only, so that it is tested without a browser."""
