package main

import (
	"bufio"
	"os"
	"strconv"
	"strings"
	"syscall"
)

// forgetCode lets go of the program's own pages that are in memory, which it reads again from its file, or from what the
// system has of that, as soon as it needs them. Most of them are only needed while it starts. If that can't be done,
// nothing is lost.
func forgetCode() {
	program, errProgram := os.Readlink("/proc/self/exe")
	maps, err := os.Open("/proc/self/maps")
	if err != nil {
		return
	}
	defer func() { _ = maps.Close() }()
	if errProgram != nil {
		return
	}
	for lines := bufio.NewScanner(maps); lines.Scan(); {
		if from, to, ok := programPages(lines.Text(), program); ok {
			// Of a file's pages that can't be written, MADV_DONTNEED (madvise(2)) forgets nothing but where they are.
			_, _, _ = syscall.Syscall(syscall.SYS_MADVISE, from, to-from, syscall.MADV_DONTNEED)
		}
	}
}

// programPages returns from where to where in memory pages of program are that nobody can write, if a line of /proc/self/maps
// (proc_pid_maps(5)) tells of such.
func programPages(line, program string) (from, to uintptr, ok bool) {
	fields := strings.Fields(line)
	if len(fields) < 6 || strings.Join(fields[5:], " ") != program || !strings.HasPrefix(fields[1], "r-") {
		return 0, 0, false
	}
	low, high, _ := strings.Cut(fields[0], "-")
	first, errFirst := strconv.ParseUint(low, 16, 64)
	end, errEnd := strconv.ParseUint(high, 16, 64)
	return uintptr(first), uintptr(end), errFirst == nil && errEnd == nil && first < end
}
