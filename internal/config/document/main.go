// Command document prints a page of the folder docs with the table of all variables between its marks, as make generate
// writes it: document PAGE.
package main

import (
	"errors"
	"fmt"
	"os"

	"todod/internal/config"
)

// main prints the page, or says why it can't.
func main() {
	if err := document(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "document:", err)
		os.Exit(1)
	}
}

// document prints the one page that args name.
func document(args []string) error {
	if len(args) != 1 {
		return errors.New("it takes a page")
	}
	page, err := os.ReadFile(args[0]) //nolint:gosec // the page that the Makefile names
	if err != nil {
		return err
	}
	text, err := config.PutTable(string(page))
	if err != nil {
		return fmt.Errorf("%s: %w", args[0], err)
	}
	_, err = os.Stdout.WriteString(text)
	return err
}
