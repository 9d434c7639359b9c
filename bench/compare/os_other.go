//go:build !linux

package main

import (
	"os/exec"
	"syscall"
)

// detach does nothing here: this program measures on Linux only, and is merely compiled elsewhere.
func detach(*exec.Cmd, syscall.Signal) {}

// unprivileged does nothing here.
func unprivileged(*exec.Cmd, string) error { return nil }

// inMemory can't tell here.
func inMemory(string) bool { return false }
