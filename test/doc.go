// Package test holds todod against its promises from outside: the built binary, as an operator runs it.
package test
