package observe

import (
	"math"
	"os"
	"path"
	"runtime/debug"
	"strconv"
	"strings"
)

// memoryLimit returns how many bytes of memory the process may take: the least of GOMEMLIMIT, what its cgroups (version 2)
// are limited to, and the machine's memory. 0 if nothing is known.
func memoryLimit() int64 {
	least := debug.SetMemoryLimit(-1) // asks; math.MaxInt64 if there is none
	read := func(file string) string {
		text, err := os.ReadFile(file) //nolint:gosec // files of the system
		if err != nil {
			return ""
		}
		return string(text)
	}
	for _, limit := range []int64{cgroupLimit(read), machineMemory(read)} {
		if limit > 0 {
			least = min(least, limit)
		}
	}
	if least == math.MaxInt64 {
		return 0
	}
	return least
}

// cgroupLimit returns the least limit of the cgroup that the process is in and those around it, 0 if there is none. read
// returns what a file holds, "" if it can't be read.
func cgroupLimit(read func(file string) string) int64 {
	var least int64
	for line := range strings.Lines(read("/proc/self/cgroup")) {
		group, ok := strings.CutPrefix(strings.TrimSpace(line), "0::")
		for ; ok; group = path.Dir(group) {
			limit, err := strconv.ParseInt(strings.TrimSpace(read(path.Join("/sys/fs/cgroup", group, "memory.max"))), 10, 64)
			if err == nil && limit > 0 && (least == 0 || limit < least) { // "max" is none
				least = limit
			}
			if group == "/" || group == "." {
				break
			}
		}
	}
	return least
}

// machineMemory returns how much memory the machine has, 0 if it isn't known.
func machineMemory(read func(file string) string) int64 {
	for line := range strings.Lines(read("/proc/meminfo")) {
		if fields := strings.Fields(line); len(fields) == 3 && fields[0] == "MemTotal:" {
			kB, _ := strconv.ParseInt(fields[1], 10, 64)
			return kB << 10
		}
	}
	return 0
}
