// Command validate holds OpenAPI documents to their specification, references, examples and defaults included.
// Usage: validate FILE...
package main

import (
	"context"
	"fmt"
	"os"

	"github.com/getkin/kin-openapi/openapi3"
)

// main validates each file and fails if one isn't valid.
func main() {
	failed := false
	for _, file := range os.Args[1:] {
		if err := validate(file); err != nil {
			fmt.Fprintf(os.Stderr, "%s: %v\n", file, err)
			failed = true
		}
	}
	if failed {
		os.Exit(1)
	}
}

// validate returns what is wrong with the document in a file.
func validate(file string) error {
	document, err := openapi3.NewLoader().LoadFromFile(file)
	if err != nil {
		return err
	}
	return document.Validate(context.Background())
}
