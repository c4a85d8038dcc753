"""What is put right without anybody asking."""
