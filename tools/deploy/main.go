// Command deploy checks what todod is deployed with, as far as that can be done without an engine to run it: the
// Dockerfile by BuildKit's own linter, compose.yaml by Compose's own loader, and the manifests by Kustomize, the types of
// the Kubernetes API, the schemas of Gateway API and the Pod Security Standards.
//
// Usage: deploy REPOSITORY
package main

import (
	"context"
	"fmt"
	"os"
)

// checks are what is checked, in this order. Each takes the repository's folder and returns what is wrong.
var checks = []func(context.Context, string) []error{checkDockerfile, checkCompose, checkKubernetes}

// main prints everything that is wrong, one fault a line, and ends with 1 if anything is.
func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: deploy REPOSITORY")
		os.Exit(2)
	}
	var faults []error
	for _, check := range checks {
		faults = append(faults, check(context.Background(), os.Args[1])...)
	}
	for _, fault := range faults {
		fmt.Fprintln(os.Stderr, fault)
	}
	if len(faults) > 0 {
		os.Exit(1)
	}
}
