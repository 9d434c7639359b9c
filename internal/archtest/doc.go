// Package archtest holds tests of the code as a whole: which package may import which, and that everything is commented.
// The rules are the ones of docs/architecture.md.
package archtest
