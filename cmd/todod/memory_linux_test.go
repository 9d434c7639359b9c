package main

import (
	"os"
	"strconv"
	"strings"
	"testing"
)

func TestOnlyTheProgramsReadOnlyPagesAreForgotten(t *testing.T) {
	t.Parallel()
	for line, want := range map[string]bool{
		"00400000-00fa1000 r-xp 00000000 fe:00 1234    /usr/bin/todod":        true,
		"00fa1000-01c00000 r--p 00ba1000 fe:00 1234    /usr/bin/todod":        true,
		"01c00000-01d00000 rw-p 01800000 fe:00 1234    /usr/bin/todod":        false, // may hold what is nowhere else
		"7f0000000000-7f0000001000 r--s 00000000 fe:00 9  /data/todod.db-shm": false,
		"c000000000-c000400000 rw-p 00000000 00:00 0":                         false,
		"7ffd0000-7ffe0000 r-xp 00000000 00:00 0       [vdso]":                false,
		"x-y r-xp 00000000 fe:00 1234    /usr/bin/todod":                      false,
		"": false,
	} {
		if _, _, ok := programPages(line, "/usr/bin/todod"); ok != want {
			t.Errorf("%q: %t", line, ok)
		}
	}
	if from, to, _ := programPages("00400000-00fa1000 r-xp 0 fe:00 1 /a b", "/a b"); from != 0x400000 || to != 0xfa1000 {
		t.Errorf("from %x to %x", from, to)
	}
}

// TestForgettingCodeLetsGoOfMemory, and the program goes on.
func TestForgettingCodeLetsGoOfMemory(t *testing.T) {
	before := residentFile(t)
	forgetCode()
	if after := residentFile(t); after >= before {
		t.Errorf("%d KiB of files in memory, before %d", after, before)
	}
}

// residentFile returns how many KiB of files the process has in memory.
func residentFile(t *testing.T) int {
	t.Helper()
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(status), "RssFile:")
	n, err := strconv.Atoi(strings.Fields(rest)[0])
	if err != nil {
		t.Fatal(err)
	}
	return n
}
