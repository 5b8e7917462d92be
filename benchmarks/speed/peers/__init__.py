"""Others that send the same requests, each a program: `BASE_URL CA_FILE USERS CONNECTIONS`, the token in TOKEN."""
