//go:build !linux

package main

// forgetCode does nothing where it isn't known how the program's own pages are let go of.
func forgetCode() {}
