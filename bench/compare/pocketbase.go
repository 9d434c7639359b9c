package main

import "fmt"

// record returns a number as an id of PocketBase, which has 15 characters.
func record(number int) string { return fmt.Sprintf("%015d", number) }
