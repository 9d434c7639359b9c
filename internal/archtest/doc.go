// Package archtest holds tests of the repository as a whole: which package may import which, that everything is commented,
// and that links lead somewhere. The rules are the ones of docs/architecture.md.
package archtest
