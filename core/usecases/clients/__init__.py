"""What DVC and the clients of Hugging Face ask for."""
